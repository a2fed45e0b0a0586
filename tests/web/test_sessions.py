"""Sessions and tokens: renewed, ended, and nothing without them."""

from portal.accounts import sessions
from portal.accounts.roles import Role, Scope
from portal.accounts.sessions import WebSession
from tests.clocks import StandingClock
from tests.people import Person
from tests.sites import Site


def test_the_session_gets_a_new_name_at_login(site: Site):
    site.operator("ada", Role.VIEWER)
    person = Person(site.client(), "ada")
    person.client.set_cookie("portal", "planted")
    person.sign_in()
    assert person.client.get_cookie("portal").value != "planted"


def test_polls_do_not_extend_a_session_and_pages_do(site: Site, still: StandingClock):
    person = site.signed_in(Role.VIEWER)
    for _ in range(2):
        still.advance(minutes=20)
        assert person.client.get("/panel").status_code == 200
    still.advance(minutes=20)
    assert person.client.get("/panel/cards/exporter").status_code == 200
    still.advance(minutes=11)
    assert person.client.get("/panel/cards/exporter").status_code == 302


def test_a_session_ends_after_twelve_hours(site: Site, still: StandingClock):
    person = site.signed_in(Role.VIEWER)
    for _ in range(35):
        still.advance(minutes=20)
        assert person.client.get("/panel").status_code == 200
    still.advance(minutes=20)
    assert person.client.get("/panel").status_code == 302


def test_signing_out_ends_the_session_on_the_server(site: Site):
    person = site.signed_in(Role.VIEWER)
    cookie = person.client.get_cookie("portal").value
    assert person.post("/panel/logout").status_code == 303
    person.client.set_cookie("portal", cookie)
    assert person.client.get("/panel").status_code == 302
    with site.portal.core.open_session() as session:
        assert session.get(WebSession, sessions.key_of(cookie)) is None


def test_next_accepts_local_paths_only(site: Site):
    site.operator("ada", Role.VIEWER)
    for target, expected in (
        ("/panel/maintenance", "/panel/maintenance"),
        ("https://evil.example/", "/panel"),
        ("//evil.example/", "/panel"),
        ("/\\evil.example", "/panel"),
    ):
        answer = Person(site.client(), "ada").sign_in(target=target)
        assert answer.headers["Location"] == expected


def test_tokens_expire_and_are_revoked(site: Site, still: StandingClock):
    headers = site.bearer(Scope.RUNTIME_READ)
    path = "/api/admin/runtime/health"
    assert site.client().get(path, headers=headers).status_code == 200
    still.advance(days=31)
    assert site.client().get(path, headers=headers).status_code == 401


def test_public_answers_set_no_cookie(site: Site):
    for path in ("/", "/banner", "/api/status", "/api/runtime/maintenance", "/health/ready"):
        assert "Set-Cookie" not in site.client().get(path).headers, path
