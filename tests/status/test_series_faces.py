"""Series by the API and in the panel: previewed, made and called off."""

from portal.accounts.roles import Role
from tests.clocks import StandingClock
from tests.sites import Site
from tests.status.planning import planned, series_in

API = "/api/admin/runtime/maintenance/series"


def test_the_api_previews_makes_and_cancels(either: Site, still: StandingClock):
    client, headers = either.client(), either.bearer()
    body = series_in().model_dump(mode="json", by_alias=True)
    shown = client.post(f"{API}/preview", json=body, headers=headers).get_json()["next"]
    assert [one["local"] for one in shown[:2]] == ["2030-06-09T02:00:00", "2030-06-16T02:00:00"]
    assert planned(either) == []
    keyed = {**headers, "Idempotency-Key": "one"}
    made = client.post(API, json=body, headers=keyed)
    assert made.status_code == 201, made.get_json()
    assert client.post(API, json=body, headers=keyed).get_json() == made.get_json()
    reference = made.get_json()["reference"]
    assert client.get(API, headers=headers).get_json()["total"] == 1
    assert client.get(f"{API}/{reference}", headers=headers).get_json()["next"] == shown
    gone = client.delete(f"{API}/{reference}", headers={**headers, "If-Match": '"1"'})
    assert gone.status_code == 200, gone.get_json()
    assert gone.get_json()["next"] == []
    assert planned(either) == []


def test_the_panel_plans_previews_and_cancels(either: Site, still: StandingClock):
    person = either.signed_in(Role.OPERATOR)
    form = {
        "title": "Backups",
        "message": "",
        "zone": "Europe/Berlin",
        "audiences": "public",
        "channels": "web",
        "startsAt": "2030-06-09T02:00",
        "endsAt": "2030-06-09T03:00",
        "recurrence": "FREQ=WEEKLY",
        "key": "0123456789",
    }
    preview = person.post("/panel/windows/preview", **form).get_data(as_text=True)
    assert "16 Jun, 02:00 – 03:00 (Europe/Berlin" in preview
    assert planned(either) == []
    wrong = person.post("/panel/windows/new", **{**form, "recurrence": "FREQ=HOURLY"})
    assert wrong.status_code == 422
    assert "FREQ cannot be HOURLY" in wrong.get_data(as_text=True)
    assert person.post("/panel/windows/new", **form).status_code == 303
    assert len(planned(either)) == 9
    page = person.client.get("/panel/maintenance").get_data(as_text=True)
    assert "Recurring" in page
    # The next two stand among the windows; the rule tells of the others.
    assert page.count('id="window-') == 2
    public = either.client().get("/").get_data(as_text=True)
    assert public.count("Backups") == 2
    told = either.client().get("/calendar.ics").get_data(as_text=True)
    assert told.count("BEGIN:VEVENT") == 9
    reference = page.split('id="series-')[1].split('"')[0]
    assert person.post(f"/panel/series/{reference}/cancel", version="1").status_code == 303
    assert planned(either) == []
    assert "Recurring" not in person.client.get("/panel/maintenance").get_data(as_text=True)
