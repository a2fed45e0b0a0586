"""Two apps in one process: each has its own database, counters, limits and scrape state."""

from datetime import timedelta

from portal import clock
from portal.status.windows import WindowIn
from portal.unit_of_work import By
from tests.conftest import Build


def test_two_apps_in_one_process_share_nothing(build: Build):
    one, two = build(rate_limit="3/minute"), build(rate_limit="1000/minute")
    one.portal.status.windows.schedule(
        By("a"), WindowIn(title="Only in one", ends_at=clock.now() + timedelta(hours=1))
    )
    statuses = [one.client().get("/api/status").status_code for _ in range(4)]
    assert statuses == [200, 200, 200, 429]
    assert two.client().get("/api/status").get_json()["banners"] == []
    assert one.figure("gigvora_rate_limit_hits_total") == 4
    assert two.figure("gigvora_rate_limit_hits_total") == 1
    assert one.figure("gigvora_metrics_scrapes_total") == 2
    assert two.figure("gigvora_metrics_scrapes_total") == 2
    headers = one.bearer()
    assert two.client().get("/api/admin/runtime/health", headers=headers).status_code == 401
