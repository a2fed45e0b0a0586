"""What every write of the admin API keeps: versions, keys, the current state, and who may."""

import pytest

from portal.accounts.roles import Scope
from tests.clocks import StandingClock
from tests.sites import Site
from tests.web.writes import ALL, END, MAINTENANCE, WRITES, events


@pytest.mark.parametrize("name", WRITES)
def test_a_stale_version_changes_nothing_and_gets_the_current_state(
    site: Site, still: StandingClock, name: str
):
    write = WRITES[name]
    thing = write.thing(site)
    before = [one.seq for one in events(site)]
    stale = write.send(site, thing, **{"If-Match": '"9"'})
    assert stale.status_code == 412, stale.text
    assert stale.content_type == "application/problem+json"
    assert stale.json["current"]["version"] == 1
    # Nothing was done, so nothing is on record but the token of this test.
    done = [one.type for one in events(site) if one.seq not in before]
    assert set(done) <= {"account.token.created"}


@pytest.mark.parametrize("name", ALL)
def test_a_repeated_key_acts_once_and_gets_the_same_answer(
    site: Site, still: StandingClock, name: str
):
    write = ALL[name]
    thing, headers = write.thing(site), {**site.bearer(write.scope), "Idempotency-Key": "abc"}
    path = write.path.replace("*", thing)
    first, again = (
        site.client().open(path, method=write.method, json=write.body, headers=headers)
        for _ in range(2)
    )
    assert first.status_code == write.status, first.text
    assert (again.status_code, again.json) == (first.status_code, first.json)
    assert again.headers["ETag"] == first.headers["ETag"]
    token = "account.token.created"
    kinds = [one.type for one in events(site) if one.type != token]
    assert kinds.count(kinds[0]) == 1, kinds


@pytest.mark.parametrize("name", ALL)
def test_what_is_not_there_is_not_found(site: Site, still: StandingClock, name: str):
    answer = ALL[name].send(site, "nothing")
    assert (answer.status_code, answer.content_type) == (404, "application/problem+json")
    assert answer.json["detail"] == "Nothing has that reference."


@pytest.mark.parametrize("name", ALL)
def test_only_the_scope_that_writes_may(site: Site, still: StandingClock, name: str):
    write = ALL[name]
    thing = write.thing(site)
    reading = site.bearer(*(one for one in Scope if one is not write.scope))
    path = write.path.replace("*", thing)
    answer = site.client().open(path, method=write.method, json=write.body, headers=reading)
    assert answer.status_code == 403
    assert write.scope.value in answer.json["detail"]
    nobody = site.client().open(path, method=write.method, json=write.body)
    assert nobody.status_code == 401
    assert nobody.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("name", [name for name, one in ALL.items() if one.body])
def test_a_field_that_nobody_knows_is_refused(site: Site, still: StandingClock, name: str):
    write = ALL[name]
    thing = write.thing(site)
    answer = site.client().open(
        write.path.replace("*", thing),
        method=write.method,
        json={**(write.body or {}), "surprise": 1},
        headers=site.bearer(write.scope),
    )
    assert answer.status_code == 422
    assert list(answer.json["errors"]) == ["surprise"]


def test_a_key_belongs_to_one_request(site: Site, still: StandingClock):
    headers = {**site.bearer(), "Idempotency-Key": "abc"}
    body = {"title": "One", "endsAt": END}
    path = f"{MAINTENANCE}/windows"
    assert site.client().post(path, json=body, headers=headers).status_code == 201
    other = site.client().post(path, json={**body, "title": "Two"}, headers=headers)
    assert other.status_code == 422
    assert "was used for a different request" in other.json["detail"]
    long = site.client().post(path, json=body, headers={**headers, "Idempotency-Key": "k" * 201})
    assert long.status_code == 400
