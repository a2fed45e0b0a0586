"""Writes of the admin API that cannot be: on blocks, series and what an incident gave out."""

from typing import Any

import pytest

from tests.clocks import StandingClock
from tests.conftest import Build
from tests.sites import Site
from tests.web.writes import MAINTENANCE, RETROSPECTIVE, RUNTIME, block, incident, series


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"action": "extend", "duration": "1h", "kind": "ban"}, "action"),
        ({"action": "extend"}, "duration"),
        ({"action": "raise", "until": "2030-06-03T12:30:00Z"}, "until"),
        ({"action": "raise", "duration": "1h", "scope": "range"}, "value"),
        ({"action": "raise", "duration": "1h", "scope": "key", "value": "x"}, "scope"),
        ({"action": "raise", "duration": "1h", "scope": "range", "value": "192.0.2.0/24"}, "value"),
    ],
)
def test_an_act_on_a_block_that_cannot_be_changes_nothing(
    site: Site, still: StandingClock, body: dict[str, Any], field: str
):
    path = f"{MAINTENANCE}/perimeter/blocks/{block(site)}"
    answer = site.client().patch(path, json=body, headers=site.bearer())
    assert (answer.status_code, list(answer.json["errors"])) == (422, [field])
    kept = site.client().get(path, headers=site.bearer())
    assert (kept.json["version"], kept.json["until"][:16]) == (1, "2030-06-03T13:00")


def test_a_block_holds_until_an_instant(site: Site, still: StandingClock):
    path = f"{MAINTENANCE}/perimeter/blocks/{block(site)}"
    body = {"action": "raise", "until": "2030-06-05T12:00:00Z"}
    answer = site.client().patch(path, json=body, headers=site.bearer())
    assert (answer.status_code, answer.json["until"][:16]) == (200, "2030-06-05T12:00")


def test_a_series_is_approved_by_another_and_called_off_once(build: Build, still: StandingClock):
    site = build(require_approval=True)
    path = f"{MAINTENANCE}/series/{series(site)}"
    approved = site.client().post(f"{path}/approval", headers=site.bearer())
    assert approved.status_code == 200, approved.text
    assert approved.json["awaitsApproval"] is False
    assert site.client().post(f"{path}/approval", headers=site.bearer()).status_code == 422
    assert site.client().delete(path, headers=site.bearer()).status_code == 200
    again = site.client().delete(path, headers=site.bearer())
    assert (again.status_code, list(again.json["errors"])) == (422, ["action"])


def test_what_was_given_out_of_an_incident_is_found_by_its_own_name_alone(
    site: Site, still: StandingClock
):
    path, headers = f"{RUNTIME}/incidents", site.bearer()
    reference, client = incident(site), site.client()
    other = incident(site)
    capture = client.post(f"{path}/{reference}/captures", headers=headers).json["id"]
    assert client.get(f"{path}/{reference}/captures/{capture}", headers=headers).status_code == 200
    for missing in (
        f"{other}/captures/{capture}",
        f"{reference}/captures/none",
        f"{reference}/retrospective",
        f"{reference}/prepared-update",
        "INC-2030-0099/findings",
        "INC-2030-0099/retrospective/export",
    ):
        assert client.get(f"{path}/{missing}", headers=headers).status_code == 404, missing
    early = client.put(f"{path}/{reference}/retrospective", json=RETROSPECTIVE, headers=headers)
    assert (early.status_code, list(early.json["errors"])) == (422, ["reference"])
