"""The first run: its link works once, and is closed for good."""

from portal.accounts import operators
from portal.store import engine
from tests.people import PASSWORD, Person
from tests.sites import Site


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
