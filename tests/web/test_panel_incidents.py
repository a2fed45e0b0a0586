"""Incidents and components in the panel, with forms and without JavaScript."""

import pytest

from portal.accounts.roles import Role
from portal.status import incidents
from portal.status.components import ComponentIn
from portal.unit_of_work import By
from tests.clocks import StandingClock
from tests.sites import Site
from tests.web.incidents import KEY, open_one, text_of


def test_an_incident_from_form_to_retrospective(either: Site, still: StandingClock):
    person = either.signed_in(Role.OPERATOR)
    either.portal.status.components.add(By("a"), ComponentIn(slug="api", name="The API"))
    path = open_one(person, **{"impact-api": "partial_outage"})
    reference = path.rsplit("/", 1)[1]
    # A double click opens one.
    again = person.post(
        "/panel/incidents/new",
        title="Slow answers",
        message="We look.",
        impact="major",
        status="investigating",
        audiences="public",
        key=KEY,
    )
    assert again.status_code == 303
    page = text_of(person.client.get(path))
    assert "Acknowledge" in page
    person.post(f"{path}/acknowledgement")
    person.post(f"{path}/notes", note="Looks like the disk.")
    person.post(f"{path}/captures")
    page = text_of(person.client.get(path))
    for wanted in ("Acknowledged by", "Looks like the disk.", "gigvora_rate_limit_hits_total"):
        assert wanted in page, wanted
    still.advance(minutes=10)
    told = person.post(
        f"{path}/updates",
        message="Found.",
        status="identified",
        version="2",
        **{"impact-api": "degraded_performance"},
    )
    assert told.status_code == 303, told.get_data(as_text=True)
    unsaid = person.post(f"{path}/updates", message="My long text", status="resolved")
    page = text_of(unsaid, 422)
    assert "Choose a root cause" in page
    assert "My long text" in page
    done = person.post(
        f"{path}/updates", message="Over.", status="resolved", rootCauseCategory="capacity"
    )
    assert done.status_code == 303
    assert "Write the retrospective" in text_of(person.client.get(path))
    form = {
        "rows": "3",
        "rootCauseCategory": "capacity",
        "rootCause": "A full disk.",
        "impact": "",
        "text-0": "Warn at 80 %",
        "kind-0": "alert",
        "owner-0": "ann",
        "due-0": "2030-06-04",
        "text-1": "",
        "kind-1": "alert",
        "text-2": "Write it down",
        "kind-2": "runbook",
        "done-2": "on",
        "published": "on",
    }
    assert person.post(f"{path}/retrospective", **form).status_code == 303
    page = text_of(person.client.get(f"{path}/retrospective"))
    assert page.index("Warn at 80 %") < page.index("Write it down")
    assert text_of(person.client.get("/panel/incidents")).count(reference) >= 1
    still.advance(days=2)
    person.sign_in()
    assert "Overdue actions" in text_of(person.client.get("/panel/incidents"))
    public = text_of(either.client().get(f"/incidents/{reference}"))
    assert "A full disk." in public
    assert "ann" not in public.replace("Planned", "")
    with either.portal.core.open_session() as session:
        assert incidents.page(session, limit=10, offset=0)[1] == 1


def test_two_operators_tell_at_once_and_no_text_is_lost(site: Site, still: StandingClock):
    ann, ben = site.signed_in(Role.OPERATOR), site.signed_in(Role.OPERATOR)
    path = open_one(ann)
    ann.post(f"{path}/updates", message="Ann says.", status="identified", version="1")
    late = ben.post(f"{path}/updates", message="Ben says.", status="monitoring", version="1")
    page = text_of(late, 412)
    assert "Someone else posted an update in the meantime" in page
    assert "Ann says." in page
    assert "Ben says." in page


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"title": ""}, "This field must not be empty."),
        ({"message": ""}, "This field must not be empty."),
        ({"startedAt": "2031-01-01T10:00"}, "cannot start in the future"),
        ({"startedAt": "yesterday"}, "Enter a date and time"),
        ({"impact-none": "major_outage"}, "slug none"),
        ({"impact-api": "nonsense"}, "Use &#39;operational&#39;"),
    ],
)
def test_a_form_that_is_not_right_keeps_its_text(
    site: Site, still: StandingClock, fields: dict[str, str], said: str
):
    person = site.signed_in(Role.OPERATOR)
    form = {
        "title": "A title",
        "message": "A message",
        "impact": "minor",
        "status": "investigating",
        "audiences": "public",
        "key": KEY,
    }
    page = text_of(person.post("/panel/incidents/new", **{**form, **fields}), 422)
    assert said in page
    assert ("A title" in page) or ("A message" in page)
    with site.portal.core.open_session() as session:
        assert incidents.page(session, limit=10, offset=0)[1] == 0


def test_components_are_added_set_changed_and_removed(either: Site, still: StandingClock):
    person = either.signed_in(Role.OPERATOR)
    added = person.post(
        "/panel/components",
        name="The API",
        slug="api",
        group="Core",
        isPublic="on",
        alerts="exporter-stale worker-error:jobs",
        since="2030-05-01",
    )
    assert added.status_code == 303, added.get_data(as_text=True)
    person.post("/panel/components/api/state", state="major_outage", version="1")
    assert "Major outage" in text_of(either.client().get("/"))
    page = text_of(person.client.get("/panel/components"))
    assert 'value="major_outage" selected' in page
    person.post("/panel/components/api/state", state="", version="2")
    assert "All systems operational" in text_of(either.client().get("/"))
    changed = person.post("/panel/components/api", name="Our API", version="3", isPublic="on")
    assert changed.status_code == 303, changed.get_data(as_text=True)
    stale = person.post("/panel/components/api", name="Mine", version="3", isPublic="on")
    assert "Someone else changed this" in text_of(stale, 412)
    wrong = person.post("/panel/components", name="x", slug="Not a slug")
    assert "Nothing was saved" in text_of(wrong, 422)
    assert person.post("/panel/components/api/removal", version="4").status_code == 422
    assert person.post("/panel/components/api/removal", version="4", sure="on").status_code == 303
    assert "No components yet" in text_of(person.client.get("/panel/components"))


def test_a_viewer_reads_and_changes_nothing(site: Site, still: StandingClock):
    operator, viewer = site.signed_in(Role.OPERATOR), site.signed_in(Role.VIEWER)
    path = open_one(operator)
    for page in ("/panel/incidents", path, "/panel/components"):
        text = text_of(viewer.client.get(page))
        assert 'type="submit">Tell' not in text
        assert "New incident" not in text
    assert viewer.post(f"{path}/notes", note="x").status_code == 403
