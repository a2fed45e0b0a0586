"""Secrets of monitors: encrypted, never shown, and sent nowhere else by a test."""

from typing import Any

import pytest

from tests.sites import Site
from tests.web.monitors import HTTP, send, stored
from tests.web.pages import recorded


def test_secrets_are_encrypted_and_never_shown(site: Site):
    secret = {"bearerToken": "top-secret", "secretHeaders": {"X-Key": "hidden"}}
    made = send(site, "POST", json={**HTTP, **secret})
    assert made.status_code == 201, made.text
    read = send(site, "GET", "/home")
    for text in (made.text, read.text, stored(site).credentials or ""):
        assert "top-secret" not in text
        assert "hidden" not in text
    body = read.get_json()
    assert (body["hasBearerToken"], body["secretHeaders"]) == (True, ["X-Key"])
    # Left out they stay, empty they go.
    send(site, "PUT", "/home", json=HTTP)
    room = site.portal.monitors
    assert room.credentials.decrypt(stored(site).credentials) == secret
    send(site, "PUT", "/home", json={**HTTP, "bearerToken": ""})
    left = room.credentials.decrypt(stored(site).credentials)
    assert left == {"secretHeaders": {"X-Key": "hidden"}}
    events = recorded(site, "monitor.")
    assert "top-secret" not in str([one.detail for one in events])


def test_a_secret_goes_nowhere_else_by_a_test(site: Site, monkeypatch: pytest.MonkeyPatch):
    """Who may not read a password may not send it to a host of their own either."""
    from portal.monitors import trying
    from portal.monitors.health import Outcome
    from portal.monitors.looks import Look, Trace

    given: list[Any] = []

    def try_once(new: Any, targets: Any, secrets: Any, *, is_free: bool) -> Look:
        from portal import clock

        given.append(dict(secrets))
        return Look(Outcome.UP, clock.now(), 1.0, "200 OK", Trace())

    monkeypatch.setattr(trying, "try_once", try_once)
    send(site, "POST", json={**HTTP, "bearerToken": "top-secret"})
    assert send(site, "POST", "/test", json=HTTP).status_code == 200
    other = {**HTTP, "url": "https://evil.example/"}
    assert send(site, "POST", "/test", json=other).status_code == 200
    assert given == [{"bearerToken": "top-secret"}, {}]
    # Nor by an edit that aims the monitor elsewhere.
    edited = send(site, "PUT", "/home", json=other)
    assert edited.get_json()["hasBearerToken"] is False
