"""Series: windows by a rule, each a window of its own."""

from datetime import UTC, datetime, timedelta

import pytest

from portal.audit import chain
from portal.errors import RuleError
from portal.status.windows import Action, WindowAct
from portal.unit_of_work import By
from portal.worker import leadership, retention
from tests.clocks import StandingClock
from tests.sites import Site
from tests.status.planning import planned, series_in


def worker_day(site: Site, still: StandingClock) -> None:
    still.advance(days=1)
    assert leadership.lead(site.portal.core, "worker")
    retention.sweep(site.portal)


def test_two_months_are_planned_and_the_worker_goes_on(either: Site, still: StandingClock):
    either.portal.status.series.create(By("a"), series_in())
    first = planned(either)
    assert [f"{one.starts_at:%m-%d %H:%M}" for one in first[:3]] == [
        "06-09 00:00",
        "06-16 00:00",
        "06-23 00:00",
    ]
    assert len(first) == 9
    assert first[0].occurrence == "2030-06-09T02:00:00"
    for _ in range(10):
        worker_day(either, still)
    later = planned(either)
    assert [one.reference for one in later[:9]] == [one.reference for one in first]
    assert len(later) == 10
    worker_day(either, still)
    assert len(planned(either)) == 10
    with either.portal.core.open_session() as session:
        assert list(chain.verify(session))[-1].first_bad_seq is None


@pytest.mark.fault(12)
def test_it_stays_at_its_local_time_over_the_clock_change(site: Site, still: StandingClock):
    still.moment = datetime(2030, 10, 1, tzinfo=UTC)
    site.portal.status.series.create(
        By("a"),
        series_in(
            starts_at=datetime(2030, 10, 20, 0, 0, tzinfo=UTC),
            ends_at=datetime(2030, 10, 20, 1, 0, tzinfo=UTC),
        ),
    )
    assert [f"{one.starts_at:%m-%d %H:%M}" for one in planned(site)[:3]] == [
        "10-20 00:00",
        "10-27 00:00",
        "11-03 01:00",
    ]
    assert {one.ends_at - one.starts_at for one in planned(site)} == {timedelta(hours=1)}


def test_one_occurrence_can_be_extended_or_called_off_alone(either: Site, still: StandingClock):
    either.portal.status.series.create(By("a"), series_in())
    first, second, third, *_ = planned(either)
    either.portal.status.windows.act(By("a"), second.reference, WindowAct(action=Action.CANCEL))
    either.portal.status.windows.act(
        By("a"), third.reference, WindowAct(action=Action.EXTEND, duration="30m")
    )
    for _ in range(3):
        worker_day(either, still)
    left = planned(either)
    assert second.reference not in [one.reference for one in left]
    assert left[0].reference == first.reference
    assert left[1].ends_at - left[1].starts_at == timedelta(minutes=90)


def test_a_series_called_off_takes_what_has_not_begun_with_it(either: Site, still: StandingClock):
    row = either.portal.status.series.create(By("a"), series_in())
    still.moment = datetime(2030, 6, 9, 0, 30, tzinfo=UTC)
    either.portal.status.series.cancel(By("a", version=1), row.reference)
    assert len(planned(either)) == 1
    with pytest.raises(RuleError, match="already cancelled"):
        either.portal.status.series.cancel(By("a"), row.reference)
    worker_day(either, still)
    assert len(planned(either)) == 1


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"recurrence": "FREQ=HOURLY"}, "recurrence"),
        ({"recurrence": "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"}, "recurrence"),
        ({"starts_at": datetime(2030, 6, 1, tzinfo=UTC)}, "startsAt"),
        ({"ends_at": datetime(2030, 6, 8, tzinfo=UTC)}, "endsAt"),
        ({"ends_at": datetime(2030, 7, 8, tzinfo=UTC)}, "endsAt"),
        ({"components": ["none"]}, "components"),
    ],
)
def test_what_cannot_be_leaves_nothing(
    either: Site, still: StandingClock, fields: dict[str, object], field: str
):
    with pytest.raises(RuleError) as caught:
        either.portal.status.series.create(By("a"), series_in(**fields))
    assert caught.value.field == field
    assert planned(either) == []
