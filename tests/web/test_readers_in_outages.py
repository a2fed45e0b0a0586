"""What readers are told while nothing can be saved: in their language, nothing of the inside."""

import pytest

from portal.web import scopes
from tests.clocks import StandingClock
from tests.conftest import Build
from tests.notify.deliveries import settings
from tests.notify.post import Post
from tests.sites import Site
from tests.web.mailboxes import ask
from tests.web.outages import away

GERMAN = {"Accept": "text/html", "Accept-Language": "de"}
FORM = {"address": "ada@example.com", "topics": ["incidents"], "kind": "mail", "code": "K7M29XQF"}


@pytest.fixture
def site(build: Build, post: Post) -> Site:
    return build(**settings(post))


def public_forms(site: Site) -> list[str]:
    adapter, special = site.app.url_map.bind("localhost"), {"word": "fail", "code": 0}
    return [
        adapter.build(
            rule.endpoint, {name: special.get(name, "x") for name in rule.arguments}, "POST"
        )
        for rule in site.app.url_map.iter_rules()
        if "POST" in (rule.methods or set()) and scopes.TABLE[rule.endpoint] == scopes.PUBLIC
    ]


def test_readers_get_their_own_page_from_every_form(site: Site):
    site.client().get("/")
    away(site)
    paths = [path for path in public_forms(site) if not path.startswith(("/panel", "/api"))]
    assert "/subscribe" in paths
    refused = {}
    for path in paths:
        answer = site.client().post(path, data=FORM, headers=GERMAN)
        assert "/panel" not in answer.text, path
        assert answer.status_code != 500, path
        refused[path] = answer
    answer = refused["/subscribe"]
    assert answer.status_code == 503
    assert 'lang="de"' in answer.text
    assert "Das geht im Moment nicht. Versuchen Sie es in einigen Minuten erneut." in answer.text
    assert answer.headers["Retry-After"] == "5"
    # Programs are told what it is.
    told = site.client().post("/subscribe", data=FORM).get_json()
    assert told["detail"].startswith("The database does not answer.")


def test_what_failed_is_a_reference_for_readers(site: Site, monkeypatch: pytest.MonkeyPatch):
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("portal.web.public.subscriptions.subscribers.ask", fail)
    answer = site.client().post("/subscribe", data=FORM, headers=GERMAN)
    assert answer.status_code == 500
    assert f"<code>{answer.headers['X-Request-ID']}</code>" in answer.text
    assert "ZeroDivisionError" not in answer.text
    assert "/panel" not in answer.text


def test_who_asks_too_often_is_told_in_their_language(site: Site, still: StandingClock):
    still.advance(minutes=48)
    for number in range(20):
        assert ask(site, f"reader{number}@example.com").status_code == 303
    answer = site.client().post("/subscribe", data=FORM, headers=GERMAN)
    assert answer.status_code == 429
    assert "In 1 Std. sind höchstens 20 möglich. Versuchen Sie es in 12 Min. erneut." in answer.text
