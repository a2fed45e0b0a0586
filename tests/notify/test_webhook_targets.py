"""Which addresses of webhooks could be called, where a name may lead, and what is called."""

from ipaddress import ip_network
from typing import Any

import pytest

from portal.notify import targets
from portal.notify.targets import TargetError


@pytest.mark.unit
@pytest.mark.parametrize(
    ("url", "is_taken"),
    [
        ("https://h.example/x?y=1", True),
        ("http://h.example:80", True),
        ("http://h.example:443", True),
        ("http://h.example:1024", True),
        ("http://h.example:1023", False),
        ("http://h.example:22", False),
        ("http://h.example:0", False),
        ("http://h.example:99999", False),
        ("http://hä.example/", False),
        ("http://h.example/a b", False),
        ("http://h.example/\x7f", False),
        ("http://h.example\\x", False),
        ("http://user@h.example/", False),
        ("http://:secret@h.example/", False),
        ("ftp://h.example/", False),
        ("https:///x", False),
    ],
)
def test_which_addresses_could_be_called(url, is_taken):
    if is_taken:
        assert targets.split(url).hostname == "h.example"
    else:
        with pytest.raises(TargetError):
            targets.split(url)


@pytest.mark.unit
@pytest.mark.parametrize(
    ("found", "allowed", "address", "why"),
    [
        (["1.1.1.1"], (), "1.1.1.1", "the open internet"),
        (["1.1.1.1", "10.0.0.1"], (), None, "one address inside is enough"),
        ([], (), None, "no address"),
        (["10.0.0.1"], ("h.example",), "10.0.0.1", "its name is listed"),
        (["10.0.0.1"], ("other.example",), None, "another name is"),
        (["10.0.0.1"], (ip_network("10.0.0.0/8"),), "10.0.0.1", "its network is listed"),
        (["10.0.0.1"], (ip_network("192.168.0.0/16"),), None, "another network is"),
        (["fe80::1%eth0"], (), None, "a link's own"),
    ],
)
def test_where_a_name_may_lead(found, allowed, address, why):
    parts = targets.split("https://H.example/")
    look = lambda host, port: found  # noqa: E731
    if address is not None:
        assert targets.resolve(parts, 443, allowed, look) == address, why
    else:
        with pytest.raises(TargetError):
            targets.resolve(parts, 443, allowed, look)


class Answer:
    status, headers = 200, {"Retry-After": "7"}

    def read(self, most: int) -> bytes:
        return b""


class Connection:
    """What would be called, and with what."""

    calls: list[tuple[Any, ...]] = []

    def __init__(self, parts: Any, port: int, address: str, deadline: float) -> None:
        self.port, self.address, self.sock = port, address, None

    def request(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> None:
        Connection.calls.append((self.port, self.address, method, path))

    def getresponse(self) -> Answer:
        return Answer()

    def close(self) -> None:
        pass


@pytest.mark.unit
@pytest.mark.parametrize(
    ("url", "port", "path"),
    [
        ("https://h.example", 443, "/"),
        ("http://h.example", 80, "/"),
        ("http://h.example:8080/x", 8080, "/x"),
        ("https://h.example/x?y=1", 443, "/x?y=1"),
        ("https://h.example?y", 443, "/?y"),
    ],
)
def test_what_is_called(monkeypatch: pytest.MonkeyPatch, url, port, path):
    monkeypatch.setattr(targets, "_Connection", Connection)
    Connection.calls.clear()
    reply = targets.post(url, b"", {}, look=lambda host, port: ["1.1.1.1"])
    assert (reply.status, reply.retry_after) == (200, "7")
    assert Connection.calls == [(port, "1.1.1.1", "POST", path)]
