"""Alerts of scrapers that stay away, and of workers; on values alone."""

from datetime import timedelta

import pytest

from tests.instants import MINUTE
from tests.runtime.calm import NOW, hold, metrics, scraper, worker

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("scrapers", "value", "since", "names", "why"),
    [
        ([scraper("a", stale=False)], None, None, "", "it came in time"),
        ([scraper("a", is_manual=True)], None, None, "", "a person comes when they like"),
        (
            [scraper("a")],
            100,
            NOW.replace(microsecond=0) - timedelta(seconds=100),
            "a",
            "it never came: by its age, to the second",
        ),
        (
            [scraper("a", last_scrape_at=NOW - MINUTE)],
            100,
            NOW - MINUTE,
            "a",
            "since its last visit",
        ),
        (
            [scraper("b"), scraper("a", age_seconds=300)],
            300,
            NOW.replace(microsecond=0) - timedelta(seconds=300),
            "a, b",
            "the longest away speaks",
        ),
    ],
)
def test_scrapers_that_stay_away(scrapers, value, since, names, why):
    found = hold(metrics=metrics(*scrapers))
    if value is None:
        assert found == [], why
        return
    one = found[0]
    assert (one.id, one.severity) == ("exporter-stale", "critical")
    assert (one.value, one.since, one.labels) == (value, since, {"scraper": names}), why
    assert one.threshold == 90


@pytest.mark.parametrize(
    ("values", "expected", "why"),
    [
        ({"status": "healthy"}, [], "it works"),
        ({"status": "stopped"}, [], "it was told to stop"),
        ({"status": "error"}, [("worker-error", "critical", 60, 6.0)], "it is needed"),
        (
            {"status": "error", "is_required": False},
            [("worker-error", "warning", 60, 6.0)],
            "it is not",
        ),
        (
            {"status": "error", "last_sample_at": None},
            [("worker-error", "critical", 0, 6.0)],
            "nothing was ever heard of it",
        ),
        ({"stuck": 4}, [("worker-stuck", "warning", 4, 0.0)], "its jobs do not move"),
        (
            {"status": "error", "stuck": 4},
            [("worker-error", "critical", 60, 6.0), ("worker-stuck", "warning", 4, 0.0)],
            "both",
        ),
    ],
)
def test_workers(values, expected, why):
    found = hold(workers=[worker(**values)])
    assert [(one.id, one.severity, one.value, one.threshold) for one in found] == expected, why
    for one in found:
        assert one.subject == "jobs"
        assert one.since == (NOW if values.get("last_sample_at", 1) is None else NOW - MINUTE)
