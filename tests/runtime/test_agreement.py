"""One source: what the panel and the API show is what the feed tells, figure by figure."""

import csv
import io
import json
import re
import threading
from datetime import timedelta

import pytest
from sqlalchemy import text

from portal.accounts.roles import Role
from portal.guard.blocks import BlockIn, BlockScope
from portal.settings import DeclaredWorker
from portal.unit_of_work import By
from tests import json_schema
from tests.conftest import Build
from tests.databases import fresh_database
from tests.patience import until
from tests.people import Person
from tests.sites import Site, figure

ATTACK = "/history?month=1'%20UNION%20SELECT%201--"
WORKER = DeclaredWorker("profileEngagement", timedelta(seconds=30))


@pytest.fixture
def pressed(build: Build) -> Site:
    """A site at rest after everything happened to it once."""
    site = build(workers_declared=(WORKER,), rate_limit="30/minute")
    client = site.client()
    for number in range(40):
        client.get(f"/nothing/{number}", environ_base={"REMOTE_ADDR": "198.51.100.7"})
    for number in range(9):
        client.get(ATTACK, environ_base={"REMOTE_ADDR": f"198.51.100.{20 + number}"})
    for _ in range(8):
        client.get(ATTACK, environ_base={"REMOTE_ADDR": "203.0.113.9"})
    client.get("/subscribe", environ_base={"REMOTE_ADDR": "203.0.113.9"})
    for number in range(3):
        client.get("/panel", headers={"Origin": f"https://evil{number}.example"})
    client.put(
        "/api/admin/runtime/workers/profileEngagement",
        json={"status": "healthy", "pending": 128, "stuck": 2, "failed": 1},
        headers=site.bearer(),
    )
    site.scrape()
    return site


def shown(person: Person, card: str) -> dict[str, str]:
    """The figures of a card as a person reads them."""
    page = person.client.get(f"/panel/cards/{card}").get_data(as_text=True)
    pairs = re.findall(r"<dt>([^<]+)</dt><dd[^>]*>([^<]+)</dd>", page)
    return {label: re.sub(r"[\s\u202f]", "", value) for label, value in pairs}


def test_every_figure_of_the_panel_is_the_feeds(pressed: Site):
    person = pressed.signed_in(Role.ADMIN)
    rate, waf = shown(person, "rate-limit"), shown(person, "waf")
    perimeter, pool = shown(person, "perimeter"), shown(person, "database")
    workers = person.client.get("/panel/cards/workers").get_data(as_text=True)
    exporter = shown(person, "exporter")
    feed = pressed.scrape().get_data(as_text=True)

    def told(name: str) -> str:
        return str(int(figure(feed, f"gigvora_{name}")))

    # The reads of the cards themselves are hits too: each was one later than the one before.
    assert int(rate["Hits since start"]) + 5 == int(told("rate_limit_hits_total"))
    assert rate["Blocked"] == told("rate_limit_blocked_total") == "10"
    assert int(rate["Active keys"]) == int(told("rate_limit_active_keys"))
    assert int(waf["Inspected"]) + 4 == int(told("waf_evaluated_requests_total"))
    assert waf["Refused"] == told("waf_blocked_requests_total") == "17"
    assert waf["Auto-blocks"] == told("waf_auto_block_events_total") == "1"
    assert perimeter["Refused since start"] == told("perimeter_blocked_requests_total") == "4"
    assert perimeter["Origins"] == told("perimeter_active_blocked_origins") == "3"
    assert perimeter["Automatic"] == told("waf_active_auto_blocks") == "1"
    assert pool["Waiting"] == told("database_pool_pending") == "0"
    assert pool["Size"] == told("database_pool_size")
    assert int(exporter["Scrapes"]) + 1 == int(told("metrics_scrapes_total"))
    for label, name in (("Pending", "pending"), ("Stuck", "stuck"), ("Failed", "failed")):
        value = told(f'worker_queue_{name}{{worker="profileEngagement"}}')
        assert re.search(rf"<dt>{label}</dt><dd[^>]*>{value}</dd>", workers), label


def test_hits_are_allowed_and_blocked_and_the_waf_saw_what_was_allowed(pressed: Site):
    feed = pressed.scrape().get_data(as_text=True)
    hits, allowed, blocked, looked_at, refused = (
        figure(feed, f"gigvora_{name}_total")
        for name in (
            "rate_limit_hits",
            "rate_limit_allowed",
            "rate_limit_blocked",
            "waf_evaluated_requests",
            "waf_blocked_requests",
        )
    )
    assert hits == allowed + blocked
    assert looked_at == allowed
    assert refused == 17


def test_the_export_keeps_its_published_schema(pressed: Site):
    headers = pressed.bearer()
    client = pressed.client()
    schema = client.get("/api/admin/runtime/snapshot/schema").get_json()
    body = client.get("/api/admin/runtime/snapshot?format=json", headers=headers).get_data()
    snapshot = json.loads(body)
    assert json_schema.fault(snapshot, schema) is None
    for part in (
        "rateLimit",
        "waf",
        "perimeter",
        "workers",
        "databasePool",
        "readiness",
        "metrics",
        "maintenance",
        "alerts",
    ):
        assert part in snapshot
    lines = client.get("/api/admin/runtime/snapshot?format=csv", headers=headers)
    rows = list(csv.reader(io.StringIO(lines.get_data(as_text=True))))
    assert rows[0] == ["path", "value"]
    assert ["waf.byRule[0].key", "sqli.parameter"] in rows
    # A path of the table is a way through the schema: its first step is one of its properties.
    assert {re.split(r"[.\[]", path)[0] for path, _ in rows[1:]} <= set(schema["properties"])
    broken = {**snapshot, "waf": {}}
    assert json_schema.fault(broken, schema)


def test_ten_slow_queries_on_a_pool_of_two(build: Build, postgres: str):
    site = build(database_url=fresh_database(postgres), pool_size=2)
    headers = site.bearer()
    # As under `portal serve`: figures come from memory and wait for no connection.
    portal = site.portal
    parts = (portal.board, portal.runtime.workers, portal.guard.perimeter, portal.monitors.gauges)
    for part in parts:
        part.is_supervised = True
    site.portal.runtime.workers.refresh()
    started, done = threading.Barrier(11), []
    release = threading.Event()

    def hold() -> None:
        started.wait()
        with site.portal.core.open_session() as session:
            session.execute(text("SELECT 1"))
            release.wait(60)
            done.append(1)

    threads = [threading.Thread(target=hold) for _ in range(10)]
    for thread in threads:
        thread.start()
    started.wait()
    pool = site.portal.runtime.node.pool
    until(lambda: pool().pending == 8, what="eight waiters")
    told = {
        family.name.removeprefix("gigvora_database_pool_"): family.samples[0].value
        for family in site.portal.runtime.feed.collect()
        if family.name.startswith("gigvora_database_pool_")
    }
    ready = site.portal.lifecycle.checks.readiness(refresh=True)
    release.set()
    for thread in threads:
        thread.join()
    assert (told["pending"], told["borrowed"], told["size"]) == (8, 2, 2)
    (check,) = (one for one in ready.checks if one.name == "database:pool")
    assert (check.status, check.observed_value) == ("warn", 8)
    assert ready.status == "warn"  # the probe has a connection of its own
    assert len(done) == 10
    after = site.client().get("/api/admin/runtime/health", headers=headers).get_json()
    assert after["databasePool"]["pending"] == 0
    assert site.figure("gigvora_database_pool_pending") == 0
    check = next(one for one in after["readiness"]["checks"] if one["name"] == "database:pool")
    assert check["observedUnit"] == "waiting"


def test_a_block_is_one_everywhere(pressed: Site):
    given = BlockIn(scope=BlockScope.RANGE, value="10.9.0.0/16", duration="1h", reason="x")
    pressed.portal.guard.blocks.add(By("test"), given, caller="")
    headers = pressed.bearer()
    client = pressed.client()
    listed = client.get(
        "/api/admin/runtime/maintenance/perimeter/blocks", headers=headers
    ).get_json()
    snapshot = client.get("/api/admin/runtime/health", headers=headers).get_json()
    assert listed["total"] == 2
    assert {one["id"] for one in listed["items"]} == {
        one["id"] for one in snapshot["perimeter"]["blocks"]
    }
    assert pressed.figure("gigvora_perimeter_active_blocks") == 2
