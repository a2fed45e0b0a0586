"""One client behind a real proxy, who guesses, subscribes and attacks: nobody else notices."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests.deploy.proxies import Proxy, nginx
from tests.notify.post import Post, serving
from tests.people import PASSWORD
from tests.processes import Answer, Served

pytestmark = [pytest.mark.process, pytest.mark.slow]
# For this test nginx takes the client from a header; the rest is the example as it stands.
CLIENTS = "set_real_ip_from 127.0.0.1; real_ip_header X-Test-Client;"
ATTACK = "/history?month=1'%20UNION%20SELECT%201--"
STRANGER, OPERATOR, READER = "203.0.113.9", "198.51.100.2", "198.51.100.3"
BROWSER = {"Accept": "text/html"}


@pytest.fixture
def proxy(tmp_path: Path) -> Iterator[Proxy]:
    folder = tmp_path / "proxy"
    folder.mkdir()
    with (
        serving(Post()) as post,
        Served(
            tmp_path / "data",
            PORTAL_TRUSTED_PROXIES="127.0.0.1/32",
            PORTAL_SMTP_URL=f"smtp://127.0.0.1:{post.port}",
            PORTAL_MAIL_FROM="status@example.com",
            PORTAL_EXTERNAL_URL="https://127.0.0.1",
        ) as node,
        nginx(folder, node, more=CLIENTS) as made,
    ):
        node.run("operator", "create", "ada", "--role", "admin", "--password-stdin", text=PASSWORD)
        yield made


def ask(proxy: Proxy, client: str, path: str, **headers: str) -> Answer:
    return proxy.ask("GET", path, **{"X-Test-Client": client}, **headers)


def send(proxy: Proxy, client: str, path: str, **form: str) -> Answer:
    headers = {
        "X-Test-Client": client,
        "Content-Type": "application/x-www-form-urlencoded",
        "Origin": proxy.origin,
        **BROWSER,
    }
    return proxy.ask_form("POST", path, urlencode(form), **headers)


def sign_in(proxy: Proxy, client: str, password: str) -> Answer:
    return send(proxy, client, "/panel/login", name="ada", password=password)


@pytest.mark.fault(37)
@pytest.mark.timeout(300)
def test_one_client_slows_down_nobody_else(proxy: Proxy):
    def press(number: int) -> list[int]:
        statuses = [ask(proxy, STRANGER, ATTACK).status for _ in range(10)]
        statuses.append(sign_in(proxy, STRANGER, "guess").status)
        address = f"victim+{number}@example.com"
        statuses.append(send(proxy, STRANGER, "/subscribe", address=address).status)
        return statuses

    with ThreadPoolExecutor(5) as pool:
        pressing = [pool.submit(press, number) for number in range(100)]
        # Meanwhile everybody else does what they came for.
        for path in ("/", "/api/status", "/history", "/subscribe", "/banner"):
            assert ask(proxy, READER, path).status == 200, path
        asked = send(proxy, READER, "/subscribe", address="reader@example.org", topics="incidents")
        assert (asked.status, asked.headers["location"]) == (303, "/subscribe/sent")
        entered = sign_in(proxy, OPERATOR, PASSWORD)
        assert entered.status == 303, entered.text
        cookie = entered.headers["set-cookie"].partition(";")[0]
        assert ask(proxy, OPERATOR, "/panel", Cookie=cookie).status == 200
        statuses = Counter(status for one in pressing for status in one.result())

    assert set(statuses) <= {303, 401, 403, 429}
    assert statuses[303] <= 3
    assert statuses[401] <= 5
    # They alone are held, and can still read that something is wrong.
    assert ask(proxy, STRANGER, "/subscribe", **BROWSER).status in {403, 429}
    assert ask(proxy, STRANGER, "/api/status").status in {200, 429}
    assert ask(proxy, READER, "/history").status == 200
    assert sign_in(proxy, "198.51.100.77", PASSWORD).status == 303
    card = ask(proxy, OPERATOR, "/panel/cards/perimeter", Cookie=cookie).text
    assert "1 block" in card
    assert STRANGER in card
    assert "forwards requests of others" not in card


@pytest.mark.fault(36)
def test_pictures_on_another_page_block_nobody(proxy: Proxy):
    picture = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}
    refused = [ask(proxy, READER, f"/.env?{number}", **picture).status for number in range(12)]
    assert set(refused) == {404}
    for path in ("/", "/history", "/subscribe"):
        assert ask(proxy, READER, path, **BROWSER).status == 200, path
    cookie = sign_in(proxy, OPERATOR, PASSWORD).headers["set-cookie"].partition(";")[0]
    assert "No blocks" in ask(proxy, OPERATOR, "/panel/cards/perimeter", Cookie=cookie).text
    waf = ask(proxy, OPERATOR, "/panel/cards/waf", Cookie=cookie).text
    assert "<dt>Refused</dt><dd>12</dd>" in waf.replace("\n", "")
