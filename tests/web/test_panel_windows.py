"""Windows in the panel: planned and changed by forms."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from portal.accounts.roles import Role
from portal.status import windows
from portal.status.components import ComponentIn
from portal.unit_of_work import By
from tests.clocks import StandingClock
from tests.people import Person
from tests.sites import Site
from tests.web.pages import KEY, hidden_of, recorded, text_of, value_of
from tests.web.windows import FORM, running, stored


@pytest.fixture
def person(site: Site, still: StandingClock) -> Person:
    site.portal.status.components.add(By("a"), ComponentIn(slug="api", name="The API"))
    site.portal.status.components.add(By("a"), ComponentIn(slug="search", name="Search"))
    return site.signed_in(Role.OPERATOR)


def test_a_form_plans_a_window_on_the_clocks_of_its_zone(site: Site, person: Person):
    answer = person.post(
        "/panel/windows/new",
        **FORM,
        **{"impact-api": "under_maintenance", "impact-search": "degraded_performance"},
    )
    assert answer.status_code == 303, text_of(answer)
    (row,) = stored(site)
    assert row.starts_at == datetime(2030, 6, 4, 0, 0, tzinfo=UTC)
    assert row.ends_at - row.starts_at == timedelta(hours=1)
    assert (row.audiences, row.channels) == (["public", "operations"], ["web", "email"])
    assert sorted(row.components) == ["api", "search"]
    assert row.effects == {"search": "degraded_performance"}
    assert (row.owner, row.impact, row.rollback_plan) == ("Ada", "No writes", "Switch back")
    (event,) = recorded(site, "maintenance.window.created")
    assert (event.actor, event.detail["ref"]) == (person.name, row.reference)
    page = text_of(person.client.get("/panel/maintenance"))
    assert f'id="window-{row.reference}"' in page
    assert "02:00 – 03:00 (Europe/Berlin" in page


def test_an_empty_form_begins_in_an_hour_and_offers_what_there_is(site: Site, person: Person):
    page = text_of(person.client.get("/panel/windows/new"))
    assert value_of(page, "startsAt") == "2030-06-03T13:00"
    assert value_of(page, "endsAt") == "2030-06-03T14:00"
    assert 'name="impact-api"' in page
    assert len(hidden_of(page, "key")) == 36


def test_a_form_sent_twice_plans_one_window(site: Site, person: Person):
    for _ in range(2):
        assert person.post("/panel/windows/new", **FORM).status_code == 303
    assert len(stored(site)) == 1


@pytest.mark.parametrize("key", ["", "short", "x" * 101])
def test_a_form_without_its_key_is_refused(site: Site, person: Person, key: str):
    text_of(person.post("/panel/windows/new", **{**FORM, "key": key}), 400)
    assert stored(site) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"title": ""}, "This field must not be empty."),
        ({"endsAt": "2030-06-04T01:00"}, "The end must be after the start."),
        ({"endsAt": ""}, "This field must not be empty."),
        ({"startsAt": "2030-06-01T02:00"}, "The start must be in the future."),
        ({"startsAt": "tomorrow"}, "Enter a date and time, such as 2030-01-31T22:00."),
        ({"endsAt": "2032-06-04T03:00"}, "366 days after the start at most"),
        ({"zone": "Europe/Nowhere"}, "Europe/Berlin or UTC"),
        ({"audiences": []}, "Choose at least one."),
        ({"channels": ["pigeon"]}, "Use 'web'"),
        ({"impact-none": "under_maintenance"}, "No component has the slug none."),
        ({"impact-api": "on_fire"}, "Use 'degraded_performance'"),
        ({"recurrence": "FREQ=HOURLY"}, "FREQ cannot be HOURLY"),
        ({"recurrence": "FREQ=DAILY", "endsAt": "2030-06-20T03:00"}, "can last seven days at most"),
    ],
)
def test_a_form_that_is_not_right_keeps_its_text_and_stores_nothing(
    site: Site, person: Person, change: dict[str, Any], said: str
):
    sent = {**FORM, **change}
    page = text_of(person.post("/panel/windows/new", **sent), 422)
    assert "Nothing was saved" in page
    assert said in page
    for field in ("title", "message", "startsAt", "endsAt", "owner", "rollbackPlan"):
        assert value_of(page, field) == sent[field], field
    assert hidden_of(page, "key") == KEY
    assert stored(site) == []
    assert recorded(site, "maintenance") == []


def test_a_form_that_is_put_right_is_taken_with_the_same_key(site: Site, person: Person):
    text_of(person.post("/panel/windows/new", **{**FORM, "title": ""}), 422)
    assert person.post("/panel/windows/new", **FORM).status_code == 303
    assert len(stored(site)) == 1


def test_a_changed_form_changes_the_window_and_raises_its_version(site: Site, person: Person):
    person.post("/panel/windows/new", **FORM, **{"impact-api": "partial_outage"})
    (row,) = stored(site)
    page = text_of(person.client.get(f"/panel/windows/{row.reference}"))
    assert value_of(page, "startsAt") == FORM["startsAt"]
    assert value_of(page, "rollbackPlan") == "Switch back"
    assert 'value="partial_outage" selected' in page
    answer = person.post(
        f"/panel/windows/{row.reference}",
        **{**FORM, "title": "Failover, later", "endsAt": "2030-06-04T04:00"},
        version="1",
    )
    assert answer.status_code == 303, text_of(answer)
    (changed,) = stored(site)
    assert (changed.title, changed.version, changed.effects) == ("Failover, later", 2, {})
    assert changed.ends_at == row.ends_at + timedelta(hours=1)
    (event,) = recorded(site, "maintenance.window.changed")
    assert {"title", "ends_at"} <= set(event.detail["fields"])


def test_what_a_form_leaves_alone_keeps_its_seconds(
    site: Site, person: Person, still: StandingClock
):
    still.advance(seconds=41)
    row = running(site)
    page = text_of(person.client.get(f"/panel/windows/{row.reference}"))
    form = {name: value_of(page, name) for name in ("title", "zone", "startsAt", "endsAt")}
    answer = person.post(
        f"/panel/windows/{row.reference}",
        **form,
        message="Now with a word.",
        version="1",
        audiences="public",
        channels="web",
    )
    assert answer.status_code == 303, text_of(answer)
    (changed,) = stored(site)
    assert (changed.starts_at, changed.ends_at) == (row.starts_at, row.ends_at)
    assert changed.starts_at.second == 41
    assert changed.message == "Now with a word."


def test_a_viewer_sees_all_and_is_offered_nothing(site: Site, person: Person):
    row = running(site)
    viewer = site.signed_in(Role.VIEWER)
    page = text_of(viewer.client.get("/panel/maintenance"))
    assert row.reference in page
    for word in ("New window", "End now", "Add a freeze"):
        assert word not in page
    for path, form in (
        ("/panel/windows/new", FORM),
        ("/panel/windows/now", {"duration": "30m", "key": KEY}),
        (f"/panel/windows/{row.reference}/act", {"action": "end", "version": "1"}),
        (f"/panel/windows/{row.reference}", FORM),
    ):
        assert viewer.post(path, **form).status_code == 403
    (kept,) = stored(site)
    assert (kept.version, kept.ended_at) == (1, None)


def test_the_list_has_what_runs_then_what_comes_then_what_is_over(
    site: Site, person: Person, still: StandingClock
):
    over = running(site, title="Over", minutes=1)
    still.advance(minutes=2)
    person.post("/panel/windows/new", **{**FORM, "title": "Coming"})
    runs = running(site, title="Runs")
    with site.portal.core.open_session() as session:
        coming = windows.listed(session, now=still.now(), limit=2, offset=0)[0][1]
    page = text_of(person.client.get("/panel/maintenance"))
    places = [page.index(f'id="window-{one.reference}"') for one in (runs, coming, over)]
    assert places == sorted(places)
