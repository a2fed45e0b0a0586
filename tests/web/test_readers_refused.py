"""What readers are told when something fails or is refused: in their own language."""

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
    assert answer.headers["Retry-After"] == "60"
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


def test_a_form_that_is_not_right_says_so_in_the_readers_language(site: Site):
    answer = site.client().post("/subscribe", data={"address": "ada@example.com"}, headers=GERMAN)
    assert answer.status_code == 422
    assert "Wählen Sie mindestens eines aus." in answer.text
    assert "ada@example.com" in answer.text
    answer = site.client().post("/subscribe", data={"topics": ["incidents"]}, headers=GERMAN)
    assert "ist keine E-Mail-Adresse" in answer.text


@pytest.mark.parametrize(
    ("path", "method", "more", "status", "said"),
    [
        ("/history", "POST", {}, 405, "Diese Adresse nimmt solche Anfragen nicht an."),
        ("/nothing", "GET", {}, 404, "Unter dieser Adresse ist nichts."),
        (
            "/subscribe",
            "POST",
            {"Sec-Fetch-Site": "cross-site"},
            403,
            "Diese Anfrage kommt von einer anderen Website.",
        ),
    ],
)
def test_what_is_refused_is_refused_in_the_readers_language(
    site: Site, path: str, method: str, more: dict[str, str], status: int, said: str
):
    answer = site.client().open(path, method=method, data=FORM, headers=GERMAN | more)
    assert answer.status_code == status
    assert said in answer.text
