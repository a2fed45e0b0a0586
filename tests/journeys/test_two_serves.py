"""A second `portal serve` in the way of the first, and a stranger on its port."""

import re
import signal
import socket
from pathlib import Path

import pytest

from tests.patience import until
from tests.processes import Served

pytestmark = pytest.mark.process


def refused(served: Served, *options: str) -> str:
    """What a `portal serve` says that does not start."""
    command = served.begin("serve", *options)
    said = command.output()
    assert command.returncode == 1, said
    assert re.fullmatch(r"portal: .+\n", said), said
    return said


@pytest.mark.fault(34)
def test_a_second_serve_is_refused_and_the_first_goes_on(tmp_path: Path):
    with Served(tmp_path / "one", "--workers", "2") as first:
        first.run("announce", "--title", "Hello", "--severity", "info", "--duration", "1h")
        until(lambda: "Hello" in first.get("/banner").text, what="the banner")
        other = Served(tmp_path / "two")
        folder, bind = other.environ["PORTAL_DATA_DIR"], other.environ["PORTAL_BIND"]
        other.environ["PORTAL_BIND"] = first.environ["PORTAL_BIND"]
        assert "Another program listens on 127.0.0.1" in refused(other)
        other.environ |= {"PORTAL_DATA_DIR": str(first.folder), "PORTAL_BIND": bind}
        assert "runs on the data folder" in refused(other)
        assert first.get("/health/ready").status == 200
        assert all("Hello" in first.get("/banner").text for _ in range(20))
        assert first.scrape().status == 200
        other.environ["PORTAL_DATA_DIR"] = folder
        with other:
            assert "Hello" not in other.get("/banner").text
        assert first.get("/health/ready").status == 200


@pytest.mark.fault(34)
def test_a_stranger_on_the_port_is_one_sentence(tmp_path: Path):
    served = Served(tmp_path / "data")
    with socket.create_server(("127.0.0.1", served.port)):
        assert "Another program listens on 127.0.0.1" in refused(served)
        assert not (served.folder / "run").exists(), "nothing was prepared"
    with served:
        assert served.get("/health/ready").status == 200


@pytest.mark.fault(14)
def test_a_killed_serve_leaves_nothing_in_the_way_of_the_next(tmp_path: Path):
    with Served(tmp_path / "data", "--workers", "2") as served:
        assert served.process is not None
        served.process.send_signal(signal.SIGKILL)
        served.process.wait()
        # At once: what it left running may still listen.
        with served:
            until(lambda: served.get("/health/ready").status == 200, what="readiness")
            assert "Another program" not in served.output


def test_a_signal_during_the_wait_for_a_killed_one_is_obeyed(tmp_path: Path):
    served = Served(tmp_path / "data")
    served.folder.mkdir()
    (served.folder / "serve.lock").write_text("killed")
    with socket.create_server(("127.0.0.1", served.port)):
        waiting = served.begin("serve")
        until(lambda: waiting.poll() is not None or "serve" in _held(served), what="the lock")
        waiting.send_signal(signal.SIGTERM)
        assert waiting.wait(10) != 0


def _held(served: Served) -> str:
    return (served.folder / "serve.lock").read_text()


def test_a_restart_does_not_wait_for_connections_that_the_server_closed(tmp_path: Path):
    with Served(tmp_path / "data", "--no-worker") as served:
        for _ in range(3):
            with socket.create_connection(("127.0.0.1", served.port), timeout=10) as one:
                one.sendall(b"GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                while one.recv(4096):
                    pass
        served.stop()
        with served:
            assert served.get("/health/ready").status == 200
