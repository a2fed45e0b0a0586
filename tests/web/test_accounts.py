"""First run, signing in and out, sessions and tokens."""

from portal.accounts import operators, sessions
from portal.accounts.roles import Role, Scope
from portal.accounts.sessions import WebSession
from portal.store import engine
from tests.conftest import PASSWORD, Person, Site, StandingClock


def first_run_link(site: Site) -> str | None:
    with site.portal.core.open_session() as session:
        engine.begin_write(session)
        token = operators.new_first_run_link(session)
        session.commit()
    return token


def test_the_first_run_link_works_once_and_is_closed_for_good(either: Site):
    token = first_run_link(either)
    person = Person(either.client(), "ada")
    path = f"/panel/first-run/{token}"
    form = {"name": "Ada", "password": PASSWORD}
    weak = person.client.post(path, data={**form, "password": "short"})
    assert weak.status_code == 422
    made = person.client.post(path, data=form)
    assert made.status_code == 303
    assert person.client.get("/panel").status_code == 200
    assert either.client().get(path).status_code == 410
    assert first_run_link(either) is None


def test_wrong_and_unknown_get_one_answer(site: Site):
    site.operator("ada", Role.VIEWER)
    wrong = Person(site.client(), "ada").sign_in("not the password")
    unknown = Person(site.client(), "eve").sign_in("not the password")
    assert wrong.status_code == unknown.status_code == 401
    text = "The name or the password is not right."
    assert text in wrong.get_data(as_text=True)
    assert text in unknown.get_data(as_text=True)


def test_an_account_is_throttled_and_let_in_again(site: Site, still: StandingClock):
    site.operator("ada", Role.VIEWER)
    person = Person(site.client(), "ada")
    statuses = [person.sign_in("guess number one").status_code for _ in range(6)]
    assert statuses == [401] * 5 + [429]
    assert person.sign_in().status_code == 429
    still.advance(minutes=15)
    assert person.sign_in().status_code == 303


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


def test_a_sign_in_form_is_limited_on_top_of_the_throttle(site: Site, still: StandingClock):
    person = Person(site.client(), "nobody")
    form = {"name": "nobody", "password": "wrong"}

    def post() -> str:
        return str(person.client.post("/panel/login", data=form).get_data(as_text=True))

    for _ in range(30):
        assert "<form" in post()  # wrong, then throttled: the form says so itself
    assert "<form" not in post()
    still.advance(minutes=1)
    assert "<form" in post()
