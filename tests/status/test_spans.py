"""What follows from times alone: a status, and whether a span can be."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from pydantic import TypeAdapter, ValidationError

from portal.errors import RuleError
from portal.schemas import Instant
from portal.status.terms import LONGEST, Severity, Status, check_start_and_end, derive_status
from tests.instants import HOUR, NOW, TICK

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("is_draft", "starts", "ends", "ended", "status", "why"),
    [
        (False, -HOUR, None, None, Status.ACTIVE, "it has begun and has no end"),
        (False, -HOUR, HOUR, None, Status.ACTIVE, "it has begun and is not over"),
        (False, timedelta(0), HOUR, None, Status.ACTIVE, "the first instant belongs to it"),
        (False, TICK, HOUR, None, Status.SCHEDULED, "it begins in a moment"),
        (False, -HOUR, timedelta(0), None, Status.RESOLVED, "the last instant does not"),
        (False, -HOUR, TICK, None, Status.ACTIVE, "it ends in a moment"),
        (False, -HOUR, HOUR, timedelta(0), Status.RESOLVED, "it was ended now"),
        (False, -HOUR, HOUR, TICK, Status.ACTIVE, "it will have been ended"),
        (False, HOUR, 2 * HOUR, -HOUR, Status.RESOLVED, "it was ended before it began"),
        (True, -HOUR, HOUR, None, Status.DRAFT, "a draft has no times"),
        (True, HOUR, None, None, Status.DRAFT, "nor one ahead"),
        (True, -2 * HOUR, -HOUR, None, Status.DRAFT, "nor one that would be over"),
        (True, -HOUR, HOUR, -HOUR, Status.RESOLVED, "what was ended is no draft"),
    ],
)
def test_the_status_follows_from_the_times(is_draft, starts, ends, ended, status, why):
    found = derive_status(
        is_draft=is_draft,
        starts_at=NOW + starts,
        ends_at=None if ends is None else NOW + ends,
        ended_at=None if ended is None else NOW + ended,
        now=NOW,
    )
    assert found is status, why


@pytest.mark.parametrize(
    ("starts", "ends", "text", "why"),
    [
        (-HOUR, None, None, "what has no end cannot end wrongly"),
        (-HOUR, HOUR, None, "it runs"),
        (HOUR, HOUR + TICK, None, "it is short, and ahead"),
        (HOUR, HOUR, "after the start", "it would last for nothing"),
        (2 * HOUR, HOUR, "after the start", "it would end before it begins"),
        (-HOUR, timedelta(0), "in the future", "it would be over now"),
        (-HOUR, TICK, None, "it is over in a moment"),
        (-2 * HOUR, -HOUR, "in the future", "it would be over already"),
        (HOUR, HOUR + LONGEST, None, "a leap year is the most"),
        (HOUR, HOUR + LONGEST + TICK, "366 days", "more than a leap year"),
        (-HOUR, LONGEST - HOUR, None, "a year from its start, not from now"),
    ],
)
def test_a_span_ends_after_its_start_and_in_the_future(starts, ends, text, why):
    starts_at, ends_at = NOW + starts, None if ends is None else NOW + ends
    if text is None:
        check_start_and_end(starts_at, ends_at, now=NOW)
        return
    with pytest.raises(RuleError, match=text) as caught:
        check_start_and_end(starts_at, ends_at, now=NOW)
    assert caught.value.field == "endsAt", why


def test_severities_stand_in_their_order():
    assert [one.rank for one in Severity] == [1, 2, 3, 4]
    assert Severity.SECURITY.rank > Severity.INCIDENT.rank > Severity.MAINTENANCE.rank


@pytest.mark.parametrize(
    ("text", "year"),
    [
        ("2000-01-01T00:00:00Z", 2000),
        ("2999-12-31T23:59:59Z", 2999),
        ("1999-12-31T23:59:59Z", None),
        ("3000-01-01T00:00:00Z", None),
        ("2000-01-01T00:30:00+01:00", None),
        ("2030-06-03T12:00:00", None),
    ],
)
def test_an_instant_has_a_zone_and_lies_between_2000_and_2999(text, year):
    adapter = TypeAdapter(Instant)
    if year is None:
        with pytest.raises(ValidationError):
            adapter.validate_python(text)
    else:
        assert adapter.validate_python(text).year == year


def test_an_instant_is_kept_in_utc():
    given = datetime(2030, 6, 3, 14, 0, tzinfo=timezone(timedelta(hours=2)))
    found = TypeAdapter(Instant).validate_python(given)
    assert found == NOW
    assert found.tzinfo is UTC
    edge = datetime.max.replace(tzinfo=timezone(-timedelta(hours=2)))
    with pytest.raises(ValidationError, match="out of range"):
        TypeAdapter(Instant).validate_python(edge)
