"""The instant at which the clock of the tests stands, and the steps that are told from it."""

from datetime import UTC, datetime, timedelta

NOW = datetime(2030, 6, 3, 12, 0, tzinfo=UTC)
TICK = timedelta(microseconds=1)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
