"""The proxies of deploy/ before real nodes: what they tell, and what they close."""

import html
import re
from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests.deploy.programs import DEPLOY
from tests.deploy.proxies import TEMPORARY, TRUSTED, Proxy, caddy, changed, nginx, started, there
from tests.patience import until
from tests.people import PASSWORD
from tests.ports import free_port
from tests.processes import Served

pytestmark = pytest.mark.process


@pytest.mark.parametrize("front", [nginx, caddy])
def test_a_proxy_tells_who_asks_and_where_and_closes_the_feed(front, tmp_path: Path):
    folder = tmp_path / "proxy"
    folder.mkdir()
    with Served(tmp_path / "data", "--no-worker", **TRUSTED) as node, front(folder, node) as proxy:
        assert node.scrape().status == 200
        token = (node.folder / "metrics-token").read_text().strip()
        for path in (
            "/health/metrics",
            "/health/metrics/",
            "//health/metrics",
            "/health/%6detrics",
            "/health/./metrics",
            "/health/x/../metrics",
            "/health/metrics?x=1",
        ):
            refused = proxy.ask("GET", path, Authorization=f"Bearer {token}")
            assert refused.status in (403, 404), path
            assert "gigvora_" not in refused.text, path
        # The portal's own origin is the one in Host, with the port.
        own = proxy.ask("GET", "/panel/login", Origin=proxy.origin)
        assert own.status == 200
        other = proxy.ask("GET", "/panel/login", Origin=proxy.origin.rpartition(":")[0])
        assert other.status == 403
        # What a client claims of itself is not passed on.
        node.run(*("block", "add", "203.0.113.9", "--duration", "1h", "--reason", "a test"))
        claim = {"X-Forwarded-For": "203.0.113.9"}
        until(lambda: node.get("/api/status", **claim).status == 403, what="the block")
        assert proxy.ask("GET", "/api/status", **claim).status == 200
        page = proxy.ask("GET", "/")
        assert page.status == 200
        assert "<title>" in page.text


def test_a_portal_below_a_path_is_whole(tmp_path: Path):
    """Every address that its pages name is there, and an operator signs in."""
    there("nginx")
    folder = tmp_path / "proxy"
    folder.mkdir()
    port = free_port()
    environ = {**TRUSTED, "PORTAL_EXTERNAL_URL": f"http://127.0.0.1:{port}/status"}
    with Served(tmp_path / "data", "--no-worker", **environ) as node:
        node.fill()
        node.run("operator", "create", "ada", "--role", "admin", "--password-stdin", text=PASSWORD)
        place = (DEPLOY / "nginx/below-a-path.conf").read_text()
        place = changed(place, ("127.0.0.1:8000", f"127.0.0.1:{node.port}"))
        folders = "".join(f"{name}_temp_path {folder}/{name};" for name in TEMPORARY)
        (folder / "nginx.conf").write_text(
            f"user root; daemon off; pid {folder}/pid; error_log stderr; events {{}} http {{"
            f" access_log off; {folders} server {{ listen 127.0.0.1:{port};"
            f" location = /health/live {{ return 200; }} {place} }} }}"
        )
        command = ("nginx", "-c", str(folder / "nginx.conf"), "-p", str(folder))
        with started(Proxy(port, is_tls=False), *command, folder=folder) as proxy:
            seen = walked(proxy, "/status/")
            assert "/status/history" in seen
            assert any(path.startswith("/status/static/css/site.") for path in seen)
            assert [path for path in seen if not path.startswith("/status/")] == []
            form = urlencode({"name": "ada", "password": PASSWORD})
            kind = {"Content-Type": "application/x-www-form-urlencoded"}
            entered = proxy.ask_form("POST", "/status/panel/login", form, **kind)
            assert entered.headers["location"] == "/status/panel"
            cookie = entered.headers["set-cookie"].partition(";")[0]
            seen = walked(proxy, "/status/panel", Cookie=cookie)
            assert "/status/panel/incidents" in seen
            assert [path for path in seen if not path.startswith("/status/")] == []
            assert proxy.ask("GET", "/status/health/metrics").status == 404


def walked(proxy: Proxy, first: str, **headers: str) -> set[str]:
    """All that is reached from a page by its links; each of them is there."""
    seen, ahead = {first}, [first]
    while ahead and len(seen) < 150:
        path = ahead.pop()
        answer = proxy.ask("GET", path, Accept="text/html", **headers)
        if answer.status == 302:
            assert answer.headers["location"].startswith("/status/panel/login"), path
            continue
        assert answer.status == 200, path
        for link in re.findall(r'\s(?:href|src)="(/[^"#]*)', answer.text):
            target = html.unescape(link)
            # What is told of a month before the first is all alike.
            if target not in seen and "month=" not in target:
                seen.add(target)
                ahead.append(target)
    return seen
