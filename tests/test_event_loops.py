"""The suite's own servers leave nothing open, whenever a client comes and they end."""

import gc
import socket
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest

from tests.monitors import servers
from tests.notify import post


def loopback() -> AbstractContextManager[int]:
    return servers.serving(servers.silence)


@contextmanager
def mail() -> Iterator[int]:
    with post.serving(post.Post()) as server:
        yield server.port


@pytest.mark.parametrize("made", [loopback, mail])
def test_a_connection_that_comes_while_a_server_ends_is_closed(
    made: Callable[[], AbstractContextManager[int]], monkeypatch: pytest.MonkeyPatch
):
    told: list[str] = []

    def hook(unraisable: Any) -> None:
        told.append(str(unraisable.exc_value))

    gc.collect()
    monkeypatch.setattr(sys, "unraisablehook", hook)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(300):
            with made() as port:
                client = socket.create_connection(("127.0.0.1", port))
            client.close()
        gc.collect()
    assert told == []
