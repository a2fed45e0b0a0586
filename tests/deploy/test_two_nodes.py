"""Two nodes behind a proxy: no request fails while one drains, and no write is sent twice."""

import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import databases
from tests.deploy.proxies import TRUSTED, nginx
from tests.patience import until
from tests.processes import Served

pytestmark = pytest.mark.process
ANNOUNCEMENTS = "/api/admin/runtime/maintenance"


def drain(node: Served) -> None:
    node.run("lifecycle", "drain")
    until(lambda: node.get("/health/ready").status == 503, what="the drain")


@pytest.fixture
def two(tmp_path: Path) -> Iterator[tuple[Served, Served]]:
    """Two nodes on one database."""
    database = databases.put_sqlite(tmp_path / "shared")
    address = f"sqlite:///{database}"
    shared = {**TRUSTED, "PORTAL_DATABASE_URL": address, "PORTAL_SECRET_KEY": "s" * 40}
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
    with (
        Served(tmp_path / "one", "--no-worker", **shared) as one,
        Served(tmp_path / "other", "--no-worker", **shared) as other,
    ):
        yield one, other


def test_no_request_fails_while_one_of_two_nodes_drains_and_stops(two, tmp_path: Path):
    one, other = two
    folder = tmp_path / "proxy"
    folder.mkdir()
    scopes = ("--scope", "maintenance:write", "--scope", "maintenance:read")
    token = one.run("token", "create", "ci", *scopes).strip()
    bearer = {"Authorization": f"Bearer {token}"}

    def draft(text: str) -> dict[str, str]:
        return {"title": text, "message": text, "status": "draft"}

    with nginx(folder, one, other) as proxy:

        def press(name: str) -> None:
            for number in range(20):
                made = proxy.ask("POST", ANNOUNCEMENTS, draft(f"{name} {number}"), **bearer)
                assert made.status == 201, (name, number, made.text)
                written = proxy.ask(
                    "PUT",
                    f"{ANNOUNCEMENTS}/{json.loads(made.text)['id']}",
                    draft(f"{name} {number}, changed"),
                    **{**bearer, "If-Match": made.headers["etag"]},
                )
                assert written.status == 200, (name, number, written.text)
                for path in ("/api/status", "/panel/login", "/history"):
                    assert proxy.ask("GET", path).status == 200, (name, number, path)

        press("both")
        drain(one)
        press("draining")
        drain(other)
        # Nobody takes it, and who asks learns from a node itself why.
        refused = proxy.ask("POST", ANNOUNCEMENTS, draft("refused"), **bearer)
        assert (refused.status, refused.headers["retry-after"]) == (503, "30")
        assert "about to stop" in refused.text
        other.run("lifecycle", "drain", "--off")
        until(lambda: other.get("/health/ready").status == 200, what="the end of the drain")
        one.stop()
        press("stopped")
    listed = json.loads(other.get(f"{ANNOUNCEMENTS}?limit=50", **bearer).text)
    assert listed["total"] == 60


def test_a_write_that_got_no_answer_is_not_sent_again(two, tmp_path: Path):
    """One that may have been done already; the connection was taken, and broke."""
    _, other = two
    folder = tmp_path / "proxy"
    folder.mkdir()
    taken = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def take() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    taken.append(connection.recv(65_536).split(b" ")[0])

        threading.Thread(target=take, daemon=True).start()
        broken = Served(tmp_path / "broken")
        broken.port = server.getsockname()[1]
        with nginx(folder, broken, other) as proxy:
            statuses = [proxy.ask("POST", "/panel/login", {}).status for _ in range(6)]
            assert taken.count(b"POST") == statuses.count(502) > 0
            assert proxy.ask("GET", "/panel/login").status == 200
        server.shutdown(socket.SHUT_RDWR)
