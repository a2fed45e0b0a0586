"""What a heartbeat is: late, failed, hung; and what is not known because nobody listened."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from portal.monitors import heartbeats
from portal.monitors.health import Health
from portal.monitors.heartbeats import Beat, Blind
from tests.instants import HOUR, MINUTE

START = datetime(2030, 6, 3, 12, 0, tzinfo=UTC)
HOURLY = {"grace": 10 * MINUTE, "period": HOUR}


def at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


@pytest.mark.parametrize(
    ("beat", "minutes", "health", "why"),
    [
        (Beat(**HOURLY), 500, None, "never called: not known, and no alarm"),
        (Beat(**HOURLY, pinged_at=START), 0, "up", "just called"),
        (Beat(**HOURLY, pinged_at=START), 69, "up", "within its grace"),
        (Beat(**HOURLY, pinged_at=START), 70, "down", "the grace is over"),
        (Beat(**HOURLY, pinged_at=START, exit_code=2), 1, "down", "it said that it failed"),
        (Beat(**HOURLY, pinged_at=START, started_at=at(60)), 69, "up", "it runs"),
        (Beat(**HOURLY, pinged_at=START, started_at=at(59)), 69, "down", "it runs for too long"),
        (Beat(**HOURLY, started_at=START), 11, "down", "its first run hangs"),
        (Beat(**HOURLY, started_at=START, pinged_at=at(5)), 11, "up", "it was done in time"),
    ],
)
def test_what_a_heartbeat_is(beat: Beat, minutes: float, health: str | None, why: str):
    verdict = heartbeats.judge(beat, now=at(minutes))
    assert (verdict.health.value if verdict else None) == health, why


@pytest.mark.parametrize(
    ("blind", "minutes", "health", "why"),
    [
        ((10, 20), 71, "down", "nobody listened, but not when it was due"),
        ((55, 65), 69, "up", "its last call still holds"),
        ((55, 65), 71, "unknown", "the call may have been lost"),
        ((55, 65), 134, "unknown", "until the next one has had its time"),
        ((55, 65), 136, "down", "and that did not come either"),
        ((55, 600), 601, "unknown", "a night without the portal raises no alarm"),
        ((71, 90), 95, "down", "it was down before nobody listened"),
    ],
)
def test_nobody_listened(blind: tuple[int, int], minutes: float, health: str, why: str):
    gap = Blind(at(blind[0]), at(blind[1]))
    verdict = heartbeats.judge(Beat(**HOURLY, pinged_at=START, blind=(gap,)), now=at(minutes))
    assert verdict is not None
    assert verdict.health.value == health, why


def test_times_in_which_nobody_listened_may_overlap():
    blind = (Blind(at(0), at(3)), Blind(at(0), at(4)), Blind(at(4), at(5)))
    beat = Beat(grace=168 * MINUTE, period=170 * MINUTE, pinged_at=START, blind=blind)
    for minutes, health in ((341, Health.UNKNOWN), (342, Health.UNKNOWN), (343, Health.DOWN)):
        verdict = heartbeats.judge(beat, now=at(minutes))
        assert verdict is not None
        assert verdict.health is health, minutes


@pytest.mark.parametrize(
    ("gaps", "minutes", "health", "why"),
    [
        ([(55, 90), (115, 120)], 189, "unknown", "two calls were lost; the third has its grace"),
        ([(55, 90), (115, 120)], 191, "down", "and did not come either"),
        ([(55, 90), (91, 92)], 163, "down", "so soon after the first none was to come"),
        ([(55, 65), (136, 200)], 201, "down", "it was down before the second"),
    ],
)
def test_nobody_listened_twice(gaps: list[tuple[int, int]], minutes: float, health: str, why: str):
    blind = tuple(Blind(at(begin), at(end)) for begin, end in gaps)
    verdict = heartbeats.judge(Beat(**HOURLY, pinged_at=START, blind=blind), now=at(minutes))
    assert verdict is not None
    assert verdict.health.value == health, why


@pytest.mark.parametrize(
    ("schedule", "zone", "after", "due"),
    [
        ("0 2 * * *", "UTC", "2030-06-03T12:00+00:00", "2030-06-04T02:00+00:00"),
        ("0 2 * * *", "Europe/Berlin", "2030-06-03T12:00+00:00", "2030-06-04T00:00+00:00"),
        # The night in which the clocks go forward has no half past two.
        ("30 2 * * *", "Europe/Berlin", "2030-03-30T12:00+00:00", "2030-03-31T01:00+00:00"),
        # And the one in which they go back has it twice: once is enough.
        ("30 2 * * *", "Europe/Berlin", "2030-10-26T12:00+00:00", "2030-10-27T00:30+00:00"),
        ("0 9 * * 1-5", "UTC", "2030-06-07T09:00+00:00", "2030-06-10T09:00+00:00"),
        ("*/15 * * * *", "UTC", "2030-06-03T12:00+00:00", "2030-06-03T12:15+00:00"),
    ],
)
def test_a_cron_schedule_in_its_zone(schedule: str, zone: str, after: str, due: str):
    beat = Beat(grace=HOUR, schedule=schedule, zone=zone)
    found = heartbeats.due_after(beat, datetime.fromisoformat(after))
    assert found == datetime.fromisoformat(due)


def possible(period: int, grace: int, blind: tuple[Blind, ...]) -> list[int]:
    """The minutes at which calls in time may have come in: the known one, and what nobody heard.

    A walk by the minute: each is at most its grace before or after a period from another.
    """
    found = [0]
    for moment in range(minute(max((one.ended_at for one in blind), default=START))):
        if not any(one.began_at <= at(moment) < one.ended_at for one in blind):
            continue
        if any(one + period - grace <= moment < one + period + grace for one in found):
            found.append(moment)
    return found


def minute(moment: datetime) -> int:
    return (moment - START) // MINUTE


@settings(max_examples=300)
@given(
    st.integers(1, 300),
    st.integers(1, 300),
    st.lists(st.tuples(st.integers(0, 2000), st.integers(1, 500)), max_size=4),
    st.integers(0, 4000),
)
@example(170, 168, [(0, 3), (0, 4)], 341)
@example(179, 1, [(0, 179), (181, 1)], 360)
@example(100, 50, [(0, 60), (100, 5)], 230)
@example(100, 2, [(98, 1), (100, 1)], 203)
def test_no_alarm_is_false_and_no_green_is_old(period: int, grace: int, gaps, minutes: int):
    """Down only where no call that came in time, while nobody listened, explains the silence."""
    blind = tuple(sorted(Blind(at(begin), at(begin + length)) for begin, length in gaps))
    blind = tuple(one for one in blind if one.ended_at <= at(minutes))
    beat = Beat(grace=grace * MINUTE, period=period * MINUTE, pinged_at=START, blind=blind)
    now = at(minutes)
    verdict = heartbeats.judge(beat, now=now)
    assert verdict is not None
    assert verdict.since <= now
    last = max(possible(period, grace, blind)) + period + grace
    if verdict.health is Health.UP:
        assert minutes < period + grace
    if verdict.health is Health.DOWN:
        assert minute(verdict.since) >= last
    if not any(one.meets(at(period - grace), at(period + grace)) for one in blind):
        assert verdict.health is (Health.UP if minutes < period + grace else Health.DOWN)
    # Nothing stays unknown once the last that nobody heard has had its time.
    later = heartbeats.judge(beat, now=now + 2 * (period + grace) * MINUTE)
    assert later is not None
    assert later.health is Health.DOWN
    if verdict.until is not None:
        assert verdict.until > now
        again = heartbeats.judge(beat, now=verdict.until)
        assert again is not None
        assert again.health is not verdict.health
