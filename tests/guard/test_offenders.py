"""Who presses most: right under skew, bounded in memory, kept over restarts and processes."""

import resource

import pytest

from portal import clock
from tests.clocks import StandingClock
from tests.conftest import Build
from tests.sites import Site, another


def press(site: Site, address: str, count: int, path: str = "/api/status") -> None:
    client = site.client()
    for _ in range(count):
        client.get(path, environ_base={"REMOTE_ADDR": address})


@pytest.mark.usefixtures("still")
def test_the_most_blocked_come_first_with_their_routes(build: Build):
    site = build(rate_limit="3/minute")
    for number in range(1, 6):
        press(site, f"192.0.2.{number}", 3 + number)
    top = site.portal.overview.take().rate_limit.top_consumers
    assert [(one.key, one.blocked) for one in top] == [
        (f"ip:192.0.2.{number}", number) for number in (5, 4, 3, 2, 1)
    ]
    assert top[0].routes[0].route == "GET /api/status"


@pytest.mark.usefixtures("still")
def test_counts_outlive_a_restart_and_add_up_over_processes(either: Site):
    other = another(either)
    press(either, "192.0.2.1", 3)
    either.portal.guard.offenders.flush()
    press(other, "192.0.2.1", 4, "/nothing")
    other.portal.guard.offenders.flush()
    press(either, "192.0.2.1", 2)
    (one,) = either.portal.guard.offenders.top()["key"]
    assert (one.key, one.hits) == ("ip:192.0.2.1", 9)
    either.portal.guard.offenders.flush()
    again = another(either).portal.guard.offenders.top()["key"]
    assert again[0].hits == 9
    assert {route.route for route in again[0].routes} == {"GET /api/status", "GET /nothing"}


def test_nothing_is_lost_while_the_store_is_away(site: Site, still: StandingClock):
    from sqlalchemy.exc import SQLAlchemyError

    press(site, "192.0.2.1", 3)
    path = site.settings.data_dir / "portal.db"
    away = path.rename(path.with_suffix(".away"))
    with pytest.raises(SQLAlchemyError):
        site.portal.guard.offenders.flush()
    press(site, "192.0.2.1", 2)
    assert site.portal.guard.offenders.top()["key"][0].hits == 5
    away.rename(path)
    site.portal.guard.offenders.flush()
    assert site.portal.guard.offenders.top()["key"][0].hits == 5


@pytest.mark.fault(20)
def test_a_hundred_thousand_keys_and_origins_are_bounded_and_exact(
    site: Site, still: StandingClock
):
    # On a clock that stands: a minute that ends meanwhile would begin the window anew.
    limits, perimeter = site.portal.guard.limits, site.portal.guard.perimeter
    site.scrape()  # its own endpoint's series are there from the second read on
    before_series = len(site.scrape().get_data().splitlines())
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    now = clock.now()
    for number in range(100_000):
        limits.hit(
            f"ip:10.{number >> 16}.{number >> 8 & 255}.{number & 255}", "GET /", now=now.timestamp()
        )
        denied = perimeter.judge(
            "192.0.2.1",
            "ip:192.0.2.1",
            origin=f"https://o{number}.example",
            host=lambda: "localhost",
            path="/panel",
            method="GET",
            now=now,
        )
        assert denied is not None
        perimeter.refused(denied, client="192.0.2.1", route="GET /panel", now=now)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    counts = site.portal.runtime.counters.read()
    assert (counts.allowed, counts.perimeter_blocked) == (100_000, 100_000)
    assert grown <= 25
    window = site.portal.overview.take().rate_limit.current_window
    assert window.active_keys == pytest.approx(100_000, rel=0.02)
    assert len(site.scrape().get_data().splitlines()) == before_series
    site.portal.guard.offenders.flush()
    assert len(site.portal.guard.offenders.top()["origin"]) == 15
