"""One `portal serve` a data folder, one an address; both end with their process."""

import json
import os
import socket
import sys
from pathlib import Path

import pytest

from portal.lifecycle import processes, serving
from portal.lifecycle.serving import RESTORE, SERVE, TakenError
from tests.ports import free_port


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tries as many as ever, one right after the other."""
    monkeypatch.setattr(serving, "PAUSE_SECONDS", 0.0)


@pytest.fixture
def bind() -> str:
    return f"127.0.0.1:{free_port()}"


def test_the_second_on_a_folder_is_refused_and_the_first_keeps_it(tmp_path: Path):
    with serving.alone(tmp_path, SERVE) as was_killed:
        assert not was_killed
        for _ in range(2):
            with pytest.raises(TakenError) as refused, serving.alone(tmp_path, SERVE):
                pass
            assert f"`portal serve`, process {os.getpid()}, runs on" in str(refused.value)
        assert serving.running(tmp_path) == processes.this()
    assert serving.running(tmp_path) is None
    with serving.alone(tmp_path, RESTORE) as was_killed:
        assert not was_killed
        assert serving.running(tmp_path) is None, "what restores serves nothing"
        with pytest.raises(TakenError, match="`portal restore`, process"):
            serving.alone(tmp_path, SERVE).__enter__()


def test_whoever_was_killed_is_not_in_the_way_and_is_known(tmp_path: Path):
    (tmp_path / serving.LOCK).write_text(json.dumps({"command": SERVE, "pid": 1, "started": 1}))
    assert serving.running(tmp_path) is None, "nobody holds it"
    with serving.alone(tmp_path, SERVE) as was_killed:
        assert was_killed


def test_a_look_at_the_folder_stops_nobody_from_having_it(tmp_path: Path):
    assert serving.running(tmp_path / "missing") is None
    for _ in range(20):
        with serving.alone(tmp_path, SERVE):
            assert serving.running(tmp_path) is not None
        assert serving.running(tmp_path) is None


@pytest.mark.parametrize("text", ["", "{half", "[]", "{}", '{"command": "serve"}'])
def test_a_lock_that_says_nothing_is_still_a_lock(tmp_path: Path, text: str):
    with serving.alone(tmp_path, SERVE):
        (tmp_path / serving.LOCK).write_text(text)
        assert serving.running(tmp_path) is None
        with pytest.raises(TakenError, match="runs on the data folder"):
            serving.alone(tmp_path, SERVE).__enter__()


def test_a_folder_that_cannot_be_used_is_a_sentence(tmp_path: Path):
    (tmp_path / "file").touch()
    with pytest.raises(TakenError, match="cannot be used: Not a directory"):
        serving.alone(tmp_path / "file" / "data", SERVE).__enter__()


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the address is only tried")
def test_a_claimed_address_is_for_the_own_web_server_alone(bind: str):
    host, port = bind.split(":")
    claimed = serving.claim(bind)
    assert claimed is not None
    with claimed:
        with pytest.raises(TakenError, match=f"Another program listens on {bind}"):
            serving.claim(bind)
        with socket.socket() as server:
            for option in (socket.SO_REUSEADDR, socket.SO_REUSEPORT):
                server.setsockopt(socket.SOL_SOCKET, option, 1)
            server.bind((host, int(port)))
            server.listen()
            for _ in range(20):  # all connections come to the one that listens
                with socket.create_connection((host, int(port)), timeout=5):
                    server.accept()[0].close()
            with pytest.raises(TakenError):
                serving.claim(bind)
    again = serving.claim(bind)
    assert again is not None
    again.close()


def test_a_stranger_on_the_address_is_a_sentence_and_waited_for_only_if_told(bind: str):
    host, port = bind.split(":")
    stranger = socket.create_server((host, int(port)))
    with pytest.raises(TakenError, match="Stop it, or set PORTAL_BIND"):
        serving.claim(bind)
    claimed = serving.claim(bind, patience=60, pause=lambda _: stranger.close())
    assert claimed is not None
    claimed.close()


def test_an_address_of_another_machine_is_a_sentence():
    with pytest.raises(TakenError, match=r"Cannot listen on 192.0.2.1:8000: "):
        serving.claim("192.0.2.1:8000")
