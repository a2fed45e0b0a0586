"""From refusals of the WAF to a block, over processes and repetitions."""

from datetime import timedelta

import pytest

from portal import clock
from portal.audit import search
from portal.guard import blocks
from tests.clocks import StandingClock
from tests.sites import Site, another

ATTACK = "/history?month=1'%20UNION%20SELECT%201--"
OFFENDER = {"REMOTE_ADDR": "203.0.113.9"}


def attack(app, count: int) -> list[int]:
    client = app.test_client()
    return [client.get(ATTACK, environ_base=OFFENDER).status_code for _ in range(count)]


def in_force(site: Site) -> list[blocks.Block]:
    with site.portal.core.open_session() as session:
        return blocks.active(session, now=clock.now())


def is_in(app) -> bool:
    # What is not ready-made; public reads stay open to whoever is blocked by itself.
    return app.test_client().get("/subscribe", environ_base=OFFENDER).status_code == 200


def test_eight_hits_block_for_a_quarter_of_an_hour(either: Site, still: StandingClock):
    attack(either.app, 7)
    assert is_in(either.app)
    attack(either.app, 1)
    (row,) = in_force(either)
    assert (row.value, row.source) == ("203.0.113.9", "auto")
    assert row.until == clock.now() + timedelta(seconds=900)
    assert not is_in(either.app)
    still.advance(seconds=899)
    assert not is_in(either.app)
    still.advance(seconds=1)
    assert is_in(either.app)
    assert either.figure("gigvora_waf_auto_block_events_total") == 1
    with either.portal.core.open_session() as session:
        (event,) = search.search(session, event_type="waf.auto_block")[0]
    assert event.detail["offences"] == 8


def test_hits_of_several_processes_add_up_in_the_store(site: Site, still: StandingClock):
    other = another(site)
    attack(site.app, 4)
    attack(other.app, 4)
    assert is_in(site.app)
    site.portal.guard.offences.flush()
    other.portal.guard.offences.flush()
    still.advance(milliseconds=500)
    assert not is_in(site.app)
    assert not is_in(other.app)


def test_hits_that_are_too_far_apart_do_not_add_up(site: Site, still: StandingClock):
    for _ in range(16):
        attack(site.app, 1)
        site.portal.guard.offences.flush()
        still.advance(seconds=60)
    assert in_force(site) == []


def test_each_repetition_within_a_day_lasts_twice_as_long(site: Site, still: StandingClock):
    lengths = []
    for _ in range(5):
        attack(site.app, 8)
        (row,) = in_force(site)
        lengths.append((row.until - clock.now()).total_seconds())
        still.moment = row.until
    assert lengths == [900, 1800, 3600, 7200, 14400]
    still.advance(hours=25)
    attack(site.app, 8)
    (row,) = in_force(site)
    assert row.until - clock.now() == timedelta(seconds=900)


def test_doubling_is_capped_at_two_days(build, still: StandingClock):
    from portal.settings import AutoBlockRule

    long = AutoBlockRule(1, timedelta(seconds=300), timedelta(hours=11))
    site = build(auto_block=long)
    lengths = []
    for _ in range(4):
        attack(site.app, 1)
        (row,) = in_force(site)
        lengths.append((row.until - clock.now()).total_seconds() / 3600)
        still.moment = row.until
    assert lengths == [11, 22, 44, 48]


def test_loopback_and_the_proxies_are_never_blocked_by_themselves(site: Site):
    client = site.client()
    for _ in range(20):
        assert client.get(ATTACK).status_code == 403
    assert in_force(site) == []
    assert client.get("/api/status").status_code == 200


def test_off_is_off(build):
    site = build(auto_block=None)
    attack(site.app, 20)
    assert in_force(site) == []


@pytest.mark.usefixtures("still")
def test_without_the_database_the_block_holds_in_memory(site: Site, still: StandingClock):
    path = site.settings.data_dir / "portal.db"
    is_in(site.app)
    away = path.rename(path.with_suffix(".away"))
    attack(site.app, 8)
    assert not is_in(site.app)
    still.advance(seconds=900)
    assert is_in(site.app)
    away.rename(path)
    attack(site.app, 8)
    assert len(in_force(site)) == 1
