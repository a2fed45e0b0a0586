"""An incident's title, impact, times and audience, corrected by a form."""

from datetime import timedelta

import pytest

from portal import clock
from portal.accounts.roles import Role
from portal.status import incidents
from portal.status.incidents import IncidentOut
from tests.clocks import StandingClock
from tests.people import Person
from tests.sites import Site
from tests.web.incidents import open_one, text_of


def stored(site: Site, path: str) -> IncidentOut:
    with site.portal.core.open_session() as session:
        row = incidents.find(session, path.rsplit("/", 1)[1])
        assert row is not None
        return incidents.out(session, row)


def filled(site: Site, path: str, **fields: str) -> dict[str, str]:
    """The form as it is filled in, with what somebody typed over it."""
    one = stored(site, path)
    form = {
        "version": str(one.version),
        "title": one.title,
        "impact": one.impact.value,
        "audiences": "public",
        "startedAt": f"{one.started_at:%Y-%m-%dT%H:%M}",
        "nextUpdateAt": f"{one.next_update_at:%Y-%m-%dT%H:%M}" if one.next_update_at else "",
    }
    return form | fields


@pytest.fixture
def person(site: Site, still: StandingClock) -> Person:
    return site.signed_in(Role.OPERATOR)


@pytest.fixture
def path(site: Site, person: Person, still: StandingClock) -> str:
    still.moment = still.moment.replace(second=42, microsecond=0)
    path = open_one(person, **{"translations.de.title": "Langsame Antworten"})
    site.portal.board.refresh()
    return path


def test_a_title_is_corrected_and_all_else_stays(site: Site, person: Person, path: str):
    before = stored(site, path)
    page = text_of(person.client.get(f"{path}/details"))
    assert "Slow answers" in page
    assert "Langsame Antworten" in page
    assert f'href="{path}/details"' in text_of(person.client.get(path))
    form = filled(
        site, path, title="Slow answers in Europe", **{"translations.de.title": "Langsam"}
    )
    assert person.post(f"{path}/details", **form).headers["Location"] == path
    assert "The details of" in text_of(person.client.get(path))
    after = stored(site, path)
    same = {"title", "translations", "version"}
    assert after.model_dump(exclude=same) == before.model_dump(exclude=same)
    assert (after.title, after.version) == ("Slow answers in Europe", before.version + 1)
    assert after.translations == {"de": {"title": "Langsam"}}
    assert "Slow answers in Europe" in text_of(site.client().get("/"))


def test_times_impact_and_audience_are_what_was_typed(site: Site, person: Person, path: str):
    start = clock.now() - timedelta(hours=2)
    form = filled(
        site,
        path,
        impact="critical",
        audiences="operations",
        startedAt=f"{start:%Y-%m-%dT%H:%M}",
        nextUpdateAt=f"{start + timedelta(hours=3):%Y-%m-%dT%H:%M}",
    )
    assert person.post(f"{path}/details", **form).status_code == 303
    one = stored(site, path)
    assert (one.impact, one.audiences) == ("critical", ["operations"])
    assert one.started_at == start.replace(second=0)
    assert one.next_update_at == start.replace(second=0) + timedelta(hours=3)


def test_links_are_not_lost(site: Site, person: Person, path: str):
    reference, headers = path.rsplit("/", 1)[1], site.bearer()
    one = stored(site, path)
    body = {
        "title": one.title,
        "impact": "major",
        "startedAt": clock.iso(one.started_at),
        "links": [{"kind": "window", "ref": "m-1"}],
    }
    address = f"/api/admin/runtime/incidents/{reference}"
    put = site.client().put(address, json=body, headers={**headers, "If-Match": '"1"'})
    assert put.status_code == 200, put.get_data(as_text=True)
    links = stored(site, path).links
    assert links
    assert person.post(f"{path}/details", **filled(site, path, title="Other")).status_code == 303
    assert stored(site, path).links == links


def test_what_cannot_be_is_named_and_what_was_typed_is_kept(site: Site, person: Person, path: str):
    ahead = f"{clock.now() + timedelta(hours=1):%Y-%m-%dT%H:%M}"
    for fields, said in (
        ({"startedAt": ahead}, "future"),
        ({"startedAt": ""}, "startedAt"),
        ({"startedAt": "soon"}, "Enter a date and time"),
        ({"title": " "}, "title"),
        ({"impact": "huge"}, "impact"),
        ({"title": "Slow {{components}}"}, "This still has a place"),
    ):
        form = filled(site, path, **{"translations.de.title": "Noch da", **fields})
        answer = person.post(f"{path}/details", **form)
        assert answer.status_code == 422, fields
        page = answer.get_data(as_text=True)
        assert said in page, fields
        assert "Noch da" in page
    assert stored(site, path).version == 1


def test_a_stale_form_shows_what_was_saved_meanwhile(site: Site, person: Person, path: str):
    form = filled(site, path, title="Mine")
    assert person.post(f"{path}/details", **filled(site, path, title="Theirs")).status_code == 303
    page = text_of(person.post(f"{path}/details", **form), 412)
    assert "Saved version" in page
    assert "Theirs" in page
    assert 'value="Mine"' in page
    # Sent once more, it goes out from what is stored now.
    assert person.post(f"{path}/details", **form | {"version": "2"}).status_code == 303
    assert stored(site, path).title == "Mine"


def test_the_start_is_not_after_what_followed(site: Site, person: Person, path: str, still):
    still.advance(minutes=10)
    assert person.post(f"{path}/updates", message="Found.", status="identified").status_code == 303
    still.advance(minutes=10)
    late = f"{clock.now() - timedelta(minutes=5):%Y-%m-%dT%H:%M}"
    page = text_of(person.post(f"{path}/details", **filled(site, path, startedAt=late)), 422)
    assert "The start must be before the updates that followed." in page
    early = f"{clock.now() - timedelta(minutes=12):%Y-%m-%dT%H:%M}"
    assert person.post(f"{path}/details", **filled(site, path, startedAt=early)).status_code == 303
    one = stored(site, path)
    assert [update.at for update in one.updates][-1] == one.started_at


def test_a_title_is_corrected_also_where_an_update_came_before_the_start(
    site: Site, person: Person, path: str, still: StandingClock
):
    still.advance(minutes=10)
    with site.portal.core.open_session() as session:
        row = incidents.find(session, path.rsplit("/", 1)[1])
        assert row is not None
        row.started_at += timedelta(minutes=5)
        session.commit()
    form = filled(site, path, title="Other")
    assert person.post(f"{path}/details", **form).status_code == 303
    assert stored(site, path).title == "Other"


def test_a_next_update_is_not_promised_for_the_past(site: Site, person: Person, path: str, still):
    ahead, behind = (
        f"{clock.now() + timedelta(minutes=number):%Y-%m-%dT%H:%M}" for number in (10, -10)
    )
    for moment, status in ((behind, 422), (ahead, 303)):
        form = filled(site, path, nextUpdateAt=moment)
        assert person.post(f"{path}/details", **form).status_code == status
    # One that was promised and is over is no obstacle to a title.
    still.advance(minutes=20)
    form = filled(site, path, title="Other")
    assert person.post(f"{path}/details", **form).status_code == 303
    assert stored(site, path).next_update_at is not None


def test_the_end_is_not_before_the_start(site: Site, person: Person, path: str, still):
    still.advance(minutes=30)
    person.sign_in()
    done = person.post(
        f"{path}/updates", message="Over.", status="resolved", rootCauseCategory="capacity"
    )
    assert done.status_code == 303
    still.advance(minutes=20)
    assert "Next update" not in text_of(person.client.get(f"{path}/details"))
    late = f"{clock.now() - timedelta(minutes=5):%Y-%m-%dT%H:%M}"
    page = text_of(person.post(f"{path}/details", **filled(site, path, startedAt=late)), 422)
    assert "The start must be before the end." in page


def test_who_only_reads_gets_no_form(site: Site, person: Person, path: str):
    viewer = site.signed_in(Role.VIEWER)
    assert viewer.client.get(f"{path}/details").status_code == 403
    assert "Edit details" not in text_of(viewer.client.get(path))
