"""Rate limits: counted once, exactly, at one place."""

import threading

import pytest

from portal import clock
from portal.guard.offenders import TopKeys
from tests.conftest import Build
from tests.sites import figure


def test_310_requests_against_300(build: Build):
    site = build(rate_limit="300/minute")
    client = site.client()
    statuses = [client.get("/api/status").status_code for _ in range(310)]
    assert statuses == [200] * 300 + [429] * 10
    text = site.scrape().get_data(as_text=True)
    assert figure(text, "gigvora_rate_limit_hits_total") == 310
    assert figure(text, "gigvora_rate_limit_allowed_total") == 300
    assert figure(text, "gigvora_rate_limit_blocked_total") == 10
    shown = site.portal.overview.take().rate_limit
    assert (shown.lifetime.hits, shown.lifetime.allowed, shown.lifetime.blocked) == (310, 300, 10)
    assert [one.key for one in shown.approaching_limit] == ["ip:127.0.0.1"]
    assert shown.top_consumers[0].hits == 310


def test_what_does_not_exist_is_counted_too(build: Build):
    site = build(rate_limit="5/minute")
    client = site.client()
    statuses = [client.get(f"/wp-admin/{number}").status_code for number in range(8)]
    assert statuses == [404] * 5 + [429] * 3


def test_probes_are_never_counted_nor_limited(build: Build):
    site = build(rate_limit="2/minute")
    client = site.client()
    assert {client.get("/health/live").status_code for _ in range(9)} == {200}
    assert site.portal.runtime.counters.read().hits == 0


def test_headers_tell_the_limit_and_retry_after_only_a_refusal(build: Build):
    site = build(rate_limit="2/minute")
    client = site.client()
    first, _, third = (client.get("/api/status") for _ in range(3))
    assert first.headers["RateLimit-Limit"] == "2"
    assert first.headers["RateLimit-Remaining"] == "1", "half of it is used"
    assert "Retry-After" not in first.headers
    assert 1 <= int(third.headers["Retry-After"]) <= 60
    assert third.content_type == "application/problem+json"


def test_one_address_does_not_pay_for_another(build: Build):
    site = build(rate_limit="1/minute")
    client = site.client()
    for address in ("192.0.2.1", "192.0.2.2"):
        answer = client.get("/api/status", environ_base={"REMOTE_ADDR": address})
        assert answer.status_code == 200


def test_threads_together_do_not_pass_the_limit(build: Build):
    site = build(rate_limit="300/minute")
    allowed = []
    now = clock.now().timestamp()

    def press() -> None:
        limits = site.portal.guard.limits
        allowed.extend(limits.hit("ip:a", "GET /", now=now).is_allowed for _ in range(100))

    threads = [threading.Thread(target=press) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    counts = site.portal.runtime.counters.read()
    assert counts.hits == 800
    assert counts.allowed == sum(allowed) <= 300


@pytest.mark.fault(8)
def test_a_dead_redis_leaves_local_limits(build: Build):
    site = build(rate_limit="3/minute", redis_url="redis://127.0.0.1:1/0")
    client = site.client()
    statuses = [client.get("/api/status").status_code for _ in range(5)]
    assert statuses == [200, 200, 200, 429, 429]
    assert site.figure("gigvora_rate_limit_storage_up") == 0
    shown = site.portal.overview.take().rate_limit
    assert (shown.config.storage, shown.storage_up) == ("redis", False)
    ready = client.get("/health/ready")
    assert ready.status_code == 200
    assert ready.get_json()["checks"]["redis"][0]["status"] == "warn"


@pytest.mark.fault(8)
def test_a_redis_that_does_not_answer_is_not_waited_for(build: Build):
    site = build(redis_url="redis://127.0.0.1:1/0")
    waits = site.portal.guard.limits._limiter.storage.storage.connection_pool.connection_kwargs
    assert 0 < waits["socket_connect_timeout"] <= 0.2
    assert 0 < waits["socket_timeout"] <= 0.2


@pytest.mark.fault(8)
def test_a_dead_redis_shuts_nobody_out_of_signing_in(build: Build):
    site = build(redis_url="redis://127.0.0.1:1/0")
    assert site.signed_in().client.get("/panel").status_code == 200


@pytest.mark.parametrize("keys", [100, 5000])
def test_the_table_of_keys_is_bounded_and_finds_the_largest(keys: int):
    table = TopKeys(most=64)
    for number in range(keys):
        table.count(f"small{number}", is_allowed=True, route="GET /", at=float(number))
        table.count("large", is_allowed=False, route="GET /", at=float(number))
    assert table.top(1)[0].key == "large"
    assert table.top(1)[0].blocked == keys
    assert len(table.top(1000)) <= 64
