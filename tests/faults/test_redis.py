"""Redis away, hanging, emptied: the limits go on."""

import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.faults.invariants import Pace, holds
from tests.faults.servers import RedisServer
from tests.patience import needed, until
from tests.processes import Served
from tests.sites import figure

HITS = "gigvora_rate_limit_hits_total"
UP = "gigvora_rate_limit_storage_up"


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisServer]:
    if not RedisServer.is_there():
        assert not needed("redis")
        pytest.skip("no redis-server; on Debian: apt-get install redis-server")
    server = RedisServer(tmp_path)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def served(redis: RedisServer, tmp_path: Path) -> Iterator[Served]:
    with Served(
        tmp_path / "data",
        "--no-worker",
        PORTAL_REDIS_URL=redis.url,
        PORTAL_RATE_LIMIT="100000/minute",
    ) as running:
        yield running


def storage_up(served: Served) -> float:
    return figure(served.scrape().text, UP)


@pytest.mark.fault(8)
def test_redis_that_refuses_costs_nothing_that_anyone_sees(redis: RedisServer, served: Served):
    assert served.get("/api/status").status == 200
    assert storage_up(served) == 1
    redis.stop()
    before = figure(served.scrape().text, HITS)
    statuses = [served.get(f"/api/status?limit={n}").status for n in range(30)]
    assert set(statuses) <= {200, 400}
    assert figure(served.scrape().text, HITS) == before + 30
    assert storage_up(served) == 0
    assert served.get("/health/ready").status == 200
    redis.start()

    def is_used_again() -> bool:
        served.get("/none")
        return storage_up(served) == 1

    until(is_used_again, what="Redis in use again")
    holds(served)


@pytest.mark.fault(9)
def test_redis_that_hangs_holds_up_one_request_in_a_while(redis: RedisServer, served: Served):
    assert served.get("/api/status").status == 200
    redis.send(signal.SIGSTOP)
    with ThreadPoolExecutor(20) as threads:
        begun = time.monotonic()
        answers = list(threads.map(lambda n: served.get(f"/none-{n}").status, range(200)))
        took = time.monotonic() - begun
    assert set(answers) == {404}
    # One wait of 0.2 s for each would be two seconds; one after the other, forty.
    assert took < 20
    pace = Pace(served)
    for _ in range(10):
        pace.get("/api/status")
    pace.holds(0.6)
    assert storage_up(served) == 0
    redis.send(signal.SIGCONT)

    def is_used_again() -> bool:
        served.get("/none")
        return storage_up(served) == 1

    until(is_used_again, what="Redis in use again")
    holds(served)


@pytest.mark.fault(10)
def test_redis_that_forgets_begins_a_window_anew_and_totals_stay(
    redis: RedisServer, tmp_path: Path
):
    with Served(
        tmp_path / "data", "--no-worker", PORTAL_REDIS_URL=redis.url, PORTAL_RATE_LIMIT="20/hour"
    ) as served:
        statuses = [served.get("/api/status").status for _ in range(25)]
        assert statuses.count(200) == 20
        before = figure(served.scrape().text, HITS)
        redis.flush()
        # What is known to be over its limit in this process stays so until its window ends.
        served.get("/api/status")
        assert figure(served.scrape().text, HITS) == before + 1
        blocked = figure(served.scrape().text, "gigvora_rate_limit_blocked_total")
        assert blocked >= 5
        with Served(
            tmp_path / "second",
            "--no-worker",
            PORTAL_REDIS_URL=redis.url,
            PORTAL_RATE_LIMIT="20/hour",
        ) as fresh:
            assert fresh.get("/api/status").status == 200
        holds(served)
