"""Windows in the panel: planned, changed, begun, put off, ended and called off by forms."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from portal import clock
from portal.accounts.roles import Role
from portal.status import windows
from portal.status.components import ComponentIn
from portal.status.series import WindowSeries
from portal.status.windows import Window, WindowIn, WindowStatus
from portal.unit_of_work import By
from tests.clocks import StandingClock
from tests.conftest import Build
from tests.instants import NOW
from tests.people import Person
from tests.sites import Site
from tests.web.pages import KEY, hidden_of, recorded, text_of, value_of

FORM: dict[str, Any] = {
    "title": "Failover",
    "message": "Two minutes **without writes**.",
    "zone": "Europe/Berlin",
    "audiences": ["public", "operations"],
    "channels": ["web", "email"],
    "startsAt": "2030-06-04T02:00",
    "endsAt": "2030-06-04T03:00",
    "owner": "Ada",
    "impact": "No writes",
    "rollbackPlan": "Switch back",
    "key": KEY,
}


def stored(site: Site) -> list[Window]:
    with site.portal.core.open_session() as session:
        return list(session.scalars(select(Window).order_by(Window.id)))


def running(site: Site, *, title: str = "Failover", minutes: int = 60) -> Window:
    given = WindowIn(title=title, ends_at=clock.now() + timedelta(minutes=minutes))
    return site.portal.status.windows.schedule(By("ada"), given)


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
        ({"endsAt": ""}, "Input should be a valid datetime"),
        ({"startsAt": "2030-06-01T02:00"}, "The start must be in the future."),
        ({"startsAt": "tomorrow"}, "Enter a date and time, such as 2030-01-31T22:00."),
        ({"endsAt": "2032-06-04T03:00"}, "366 days after the start at most"),
        ({"zone": "Europe/Nowhere"}, "Europe/Berlin or UTC"),
        ({"audiences": []}, "List should have at least 1 item"),
        ({"channels": ["pigeon"]}, "Input should be 'web'"),
        ({"impact-none": "under_maintenance"}, "No component has the slug none."),
        ({"impact-api": "on_fire"}, "Input should be 'degraded_performance'"),
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


def test_a_stale_form_shows_both_and_changes_nothing(site: Site, person: Person):
    person.post("/panel/windows/new", **FORM)
    (row,) = stored(site)
    path = f"/panel/windows/{row.reference}"
    person.post(path, **{**FORM, "title": "Theirs"}, version="1")
    page = text_of(person.post(path, **{**FORM, "title": "Mine"}, version="1"), 412)
    assert value_of(page, "title") == "Mine"
    assert "Theirs" in page
    # Sent again it is mine, knowingly.
    assert hidden_of(page, "version") == "2"
    (kept,) = stored(site)
    assert (kept.title, kept.version) == ("Theirs", 2)
    assert person.post(path, **{**FORM, "title": "Mine"}, version="2").status_code == 303
    assert stored(site)[0].title == "Mine"


def test_a_form_of_a_window_that_is_over_keeps_its_text(
    site: Site, person: Person, still: StandingClock
):
    row = running(site, minutes=10)
    still.advance(minutes=11)
    sent = {**FORM, "startsAt": "2030-06-03T12:00", "endsAt": "2030-06-03T15:00", "zone": "UTC"}
    page = text_of(person.post(f"/panel/windows/{row.reference}", **sent, version="1"), 422)
    assert "Ended windows cannot be edited. Create a new one." in page
    assert value_of(page, "message") == FORM["message"]
    wrong = {**sent, "title": ""}
    page = text_of(person.post(f"/panel/windows/{row.reference}", **wrong, version="1"), 422)
    assert value_of(page, "endsAt") == "2030-06-03T15:00"
    assert stored(site)[0].version == 1


def test_a_version_that_is_no_number_is_refused(site: Site, person: Person):
    row = running(site)
    answer = person.post(f"/panel/windows/{row.reference}/act", action="end", version="one")
    text_of(answer, 400)
    assert stored(site)[0].ended_at is None


def test_maintenance_now_is_one_click_and_one_window(site: Site, person: Person):
    for _ in range(2):
        answer = person.post("/panel/windows/now", duration="30m", key=KEY)
        assert answer.headers["Location"] == "/panel"
    (row,) = stored(site)
    assert (row.title, row.starts_at) == ("Maintenance", NOW)
    assert row.ends_at == NOW + timedelta(minutes=30)
    assert "Under maintenance" in text_of(site.client().get("/"))


def test_htmx_gets_the_card_and_a_form_its_page(site: Site, person: Person):
    answer = person.client.post(
        "/panel/windows/now",
        data={"csrf_token": person.csrf(), "duration": "30m", "key": KEY, "title": "Disk swap"},
        headers={"HX-Request": "true"},
    )
    card = text_of(answer)
    assert "<html" not in card
    assert "Disk swap" in card
    (row,) = stored(site)
    answer = person.post(
        f"/panel/windows/{row.reference}/act", action="end", version="1", **{"from": "maintenance"}
    )
    assert (answer.status_code, answer.headers["Location"]) == (303, "/panel/maintenance")
    assert stored(site)[0].status_at(NOW) is WindowStatus.ENDED


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({"duration": "soon", "key": KEY}, 422),
        ({"duration": "", "key": KEY}, 422),
        ({"duration": "30m", "key": KEY, "title": "x" * 241}, 422),
        ({"duration": "30m"}, 400),
    ],
)
def test_maintenance_now_that_cannot_be_begins_nothing(
    site: Site, person: Person, form: dict[str, str], status: int
):
    assert person.post("/panel/windows/now", **form).status_code == status
    assert stored(site) == []


def test_a_window_is_begun_put_off_and_ended(site: Site, person: Person, still: StandingClock):
    person.post("/panel/windows/new", **FORM)
    (row,) = stored(site)
    path = f"/panel/windows/{row.reference}/act"
    assert person.post(path, action="start", version="1").status_code == 303
    still.advance(minutes=25)
    assert person.post(path, action="extend", duration="15m", version="2").status_code == 303
    still.advance(minutes=25)
    text_of(person.client.get("/panel/maintenance"))
    still.advance(minutes=12)
    (row,) = stored(site)
    assert row.status_at(still.now()) is WindowStatus.ACTIVE
    assert row.first_ends_at == NOW + timedelta(hours=1)
    assert "first end:" in text_of(person.client.get("/panel/maintenance"))
    assert person.post(path, action="end", version="3").status_code == 303
    (row,) = stored(site)
    assert row.ended_at == still.now()
    assert [one.type.rpartition(".")[2] for one in recorded(site, "maintenance.window")] == [
        "ended",
        "extended",
        "started",
        "created",
    ]


def test_the_card_warns_before_the_end_and_offers_to_go_on_after_it(
    site: Site, person: Person, still: StandingClock
):
    row = running(site, minutes=20)
    card = "/panel/cards/maintenance"

    def shown() -> str:
        site.portal.board.refresh()
        return text_of(person.client.get(card))

    extend = 'aria-label="Extend Failover by 15 minutes"'
    still.advance(minutes=9)
    assert "pill-info" in (page := shown())
    assert "pill-warn" not in page
    assert extend in page
    still.advance(minutes=3)
    page = shown()
    assert re.search(r'class="pill pill-warn">.*?Ends in 8 min</span>', page, re.S), page
    assert re.search(r'<b class="ink-warn"><svg .*?ends in <time', page, re.S), page
    assert extend in page
    viewer = site.signed_in(Role.VIEWER)
    assert extend not in text_of(viewer.client.get(card))
    still.advance(minutes=12)
    page = shown()
    assert re.search(r"ended <time [^>]*>4 min ago</time>", page), page
    assert "Extend by 15 min" in page
    assert "Extend by 15 min" in text_of(person.client.get("/panel/maintenance"))
    still.advance(minutes=12)
    assert "Extend by 15 min" not in shown()
    assert "Extend by 15 min" not in text_of(person.client.get("/panel/maintenance"))
    form = {"action": "extend", "duration": "15m", "version": "1"}
    refused = person.post(f"/panel/windows/{row.reference}/act", **form)
    assert "This one ended at 12:20 UTC" in text_of(refused, 422)
    still.advance(minutes=-8)
    person = site.signed_in(Role.OPERATOR)  # the clock went back before the other's last look
    assert person.post(f"/panel/windows/{row.reference}/act", **form).status_code == 303
    (row,) = stored(site)
    assert row.status_at(still.now()) is WindowStatus.ACTIVE
    assert row.ends_at == still.now() + timedelta(minutes=15)


def test_the_api_extends_a_window_that_has_just_run_out(site: Site, still: StandingClock):
    row = running(site)
    path = f"/api/admin/runtime/maintenance/windows/{row.reference}"
    asked, headers = {"action": "extend", "duration": "15m"}, site.bearer()
    still.advance(minutes=75)
    told = site.client().patch(path, json=asked, headers=headers).get_json()
    assert (told["status"], told["endsAt"]) == ("active", "2030-06-03T13:30:00Z")
    assert told["firstEndsAt"] == "2030-06-03T13:00:00Z"
    still.advance(minutes=31)
    refused = site.client().patch(path, json=asked, headers=headers)
    assert refused.status_code == 422
    assert "more than 15 minutes after their end" in refused.get_json()["detail"]


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({"action": "explode", "version": "1"}, 422),
        ({"action": "start", "version": "1"}, 422),
        ({"action": "extend", "version": "1"}, 422),
        ({"action": "end", "duration": "5m", "version": "1"}, 422),
        ({"action": "end", "version": "7"}, 412),
    ],
)
def test_an_act_that_does_not_fit_changes_nothing(
    site: Site, person: Person, form: dict[str, str], status: int
):
    row = running(site)
    assert person.post(f"/panel/windows/{row.reference}/act", **form).status_code == status
    (kept,) = stored(site)
    assert (kept.version, kept.ended_at, kept.ends_at) == (1, None, row.ends_at)


def test_a_planned_window_is_called_off_and_stays_on_record(site: Site, person: Person):
    person.post("/panel/windows/new", **FORM)
    (row,) = stored(site)
    path = f"/panel/windows/{row.reference}/act"
    assert person.post(path, action="cancel", version="1").status_code == 303
    assert stored(site)[0].cancelled_at == NOW
    page = text_of(person.client.get("/panel/maintenance"))
    assert 'aria-label="Cancel: Failover"' not in page
    assert f'id="window-{row.reference}"' in page


def test_what_is_not_there_is_not_found(site: Site, person: Person):
    for path in ("/panel/windows/m-nothing", "/panel/windows/99"):
        text_of(person.client.get(path), 404)
        text_of(person.post(path, **FORM), 404)
    text_of(person.post("/panel/windows/m-nothing/act", action="end"), 404)
    text_of(person.post("/panel/series/s-nothing/cancel"), 404)
    text_of(person.post("/panel/series/s-nothing/approval"), 404)


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


def test_one_proposes_and_another_approves(build: Build, still: StandingClock):
    site = build(require_approval=True)
    author, other = site.signed_in(Role.OPERATOR), site.signed_in(Role.OPERATOR)
    assert author.post("/panel/windows/new", **FORM).status_code == 303
    (row,) = stored(site)
    assert row.awaits_approval
    assert "Failover" not in text_of(site.client().get("/"))
    assert "Waiting for approval by someone else" in text_of(
        author.client.get("/panel/maintenance")
    )
    path = f"/panel/windows/{row.reference}"
    assert "Approve" not in text_of(author.client.get(path))
    assert author.post(f"{path}/act", action="approve", version="1").status_code == 422
    assert f"Proposed by {author.name}" in text_of(other.client.get(path))
    assert other.post(f"{path}/act", action="approve", version="1").status_code == 303
    (row,) = stored(site)
    assert (row.awaits_approval, row.approved_by) == (False, other.name)
    assert "Failover" in text_of(site.client().get("/"))


def test_a_proposed_series_has_no_window_until_another_approves(build: Build, still: StandingClock):
    site = build(require_approval=True)
    author, other = site.signed_in(Role.OPERATOR), site.signed_in(Role.OPERATOR)
    form = {**FORM, "recurrence": "FREQ=WEEKLY"}
    assert author.post("/panel/windows/new", **form).status_code == 303
    assert stored(site) == []
    with site.portal.core.open_session() as session:
        reference = session.scalar(select(WindowSeries.reference))
    assert "proposed by" in text_of(other.client.get("/panel/maintenance"))
    path = f"/panel/series/{reference}/approval"
    assert author.post(path, version="1").status_code == 422
    assert other.post(path, version="9").status_code == 412
    assert stored(site) == []
    assert other.post(path, version="1").status_code == 303
    assert len(stored(site)) == 9
    (event,) = recorded(site, "maintenance.series.approved")
    assert (event.actor, event.detail["author"]) == (other.name, author.name)
    assert other.post(path, version="2").status_code == 422


def test_a_preview_shows_the_banner_the_freezes_and_who_is_told(site: Site, person: Person):
    person.post(
        "/panel/freezes",
        freezeTitle="The sale",
        freezeStartsAt="2030-06-03T20:00",
        freezeEndsAt="2030-06-05T20:00",
    )
    text = text_of(person.post("/panel/windows/preview", **FORM))
    assert "<strong>without writes</strong>" in text
    assert "During a freeze: The sale." in text
    assert "0 subscribers will be notified." in text
    assert stored(site) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"title": ""}, "Title must not be empty."),
        ({"endsAt": "2030-06-04T01:00"}, "The end must be after the start."),
        ({"recurrence": "FREQ=HOURLY"}, "FREQ cannot be HOURLY"),
        ({"recurrence": "FREQ=DAILY;UNTIL=20300603"}, "no occurrence in the next five years"),
    ],
)
def test_a_preview_says_what_is_missing(
    site: Site, person: Person, change: dict[str, str], said: str
):
    text = text_of(person.post("/panel/windows/preview", **{**FORM, **change}))
    assert said in text
    assert "told." not in text
