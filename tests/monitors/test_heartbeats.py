"""What a heartbeat is: late, failed, hung; and what is not known because nobody listened."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.monitors import heartbeats
from portal.monitors.health import Health
from portal.monitors.heartbeats import Beat, Blind

START = datetime(2030, 6, 3, 12, 0, tzinfo=UTC)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
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


@settings(max_examples=300)
@given(
    st.integers(1, 300),
    st.integers(1, 300),
    st.lists(st.tuples(st.integers(0, 2000), st.integers(1, 500)), max_size=4),
    st.integers(0, 4000),
)
def test_no_alarm_is_false_and_no_green_is_old(period: int, grace: int, gaps, minutes: int):
    """Down only where a call was due while somebody listened all the time that it could come in."""
    blind = tuple(sorted(Blind(at(begin), at(begin + length)) for begin, length in gaps))
    blind = tuple(one for one in blind if one.ended_at <= at(minutes))
    beat = Beat(grace=grace * MINUTE, period=period * MINUTE, pinged_at=START, blind=blind)
    now = at(minutes)
    verdict = heartbeats.judge(beat, now=now)
    assert verdict is not None
    assert verdict.since <= now
    if verdict.health is Health.UP:
        assert now < at(period + grace)
    if verdict.health is Health.DOWN:
        # A whole period and its grace went by in which it was listened for without a break.
        listened = now - max(
            (one.ended_at for one in blind if one.began_at < verdict.since), default=START
        )
        assert listened >= (period + grace) * MINUTE or not any(
            one.meets(at(period - grace), verdict.since) for one in blind
        )
    if verdict.until is not None:
        assert verdict.until > now
        again = heartbeats.judge(beat, now=verdict.until)
        assert again is not None
        assert again.health is not verdict.health
