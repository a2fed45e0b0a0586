"""Section 5 of the runbook by the API alone, with a mail server and a clock that is moved."""

from portal.store.lease import Fence
from portal.worker.delivery import put_due
from portal.worker.rounds import run_once
from tests.clocks import StandingClock
from tests.conftest import Build
from tests.notify.deliveries import Told, settings, subscribe
from tests.notify.post import Post, text_of
from tests.sites import SCRAPER

BASE = "/api/admin/runtime"


def test_from_a_stale_exporter_to_the_export(build: Build, post: Post, still: StandingClock):
    site = build(**settings(post))
    client, headers = site.client(), site.bearer()
    subscribe(site, "ada@example.com")

    def look() -> None:
        run_once(site.portal)
        put_due(site.portal, Fence())

    with Told(site) as told:
        site.scrape(SCRAPER)
        still.advance(seconds=400)
        look()
        alerts = client.get(f"{BASE}/health", headers=headers).get_json()["alerts"]
        assert [one["id"] for one in alerts] == ["exporter-stale"]
        still.advance(minutes=15)
        look()
        offer = client.get(f"{BASE}/alerts/exporter-stale/offer", headers=headers).get_json()
        given = {**offer, "title": "Our monitoring is blind", "impact": "minor"}
        made = client.post(f"{BASE}/incidents", json=given, headers=headers).get_json()
        path = f"{BASE}/incidents/{made['reference']}"
        told.run()
        mail = text_of(post.to("ada@example.com")[0])
        assert "there has been a problem with our service" in mail
        assert "1300 s" not in mail
        (note,) = client.get(path, headers=headers).get_json()["notes"]
        assert "1300 s (limit 180)" in note["message"]
        banners = client.get("/api/runtime/maintenance").get_json()["announcements"]
        assert [one["title"] for one in banners] == ["Our monitoring is blind"]

        captured = client.post(f"{path}/captures", headers=headers).get_json()
        still.advance(minutes=2)
        site.scrape(SCRAPER)
        look()
        prepared = client.get(f"{path}/prepared-update", headers=headers).get_json()
        assert prepared["gapSeconds"] == 400 + 17 * 60
        update = {"status": prepared["status"], "message": prepared["message"]}
        assert client.post(f"{path}/updates", json=update, headers=headers).status_code == 201

        end = {"status": "resolved", "message": "All is well."}
        refused = client.post(f"{path}/updates", json=end, headers=headers)
        assert "rootCauseCategory" in refused.get_json()["errors"]
        end["rootCauseCategory"] = "network_acl"
        assert client.post(f"{path}/updates", json=end, headers=headers).status_code == 201
        told.run()

    learned = {
        "rootCauseCategory": "network_acl",
        "rootCause": "A rule was too wide.",
        "actions": [
            {"kind": "alert", "text": "Alert on the rule", "dueAt": "2030-07-01"},
            {"kind": "automation", "text": "Check rules before they go out"},
        ],
    }
    kept = client.put(f"{path}/retrospective", json=learned, headers=headers)
    assert kept.status_code == 200, kept.text
    export = client.get(f"{path}/retrospective/export?format=json", headers=headers).get_json()
    assert [one["text"] for one in export["retrospective"]["actions"]] == [
        "Alert on the rule",
        "Check rules before they go out",
    ]
    (capture,) = export["captures"]
    assert (capture["id"], capture["sha256"]) == (captured["id"], captured["sha256"])
    assert float(capture["figures"]["gigvora_metrics_last_scrape_timestamp"]) > 0
    assert capture["figures"]["gigvora_metrics_seconds_since_last_scrape"] == "1300"
    subjects = [str(mail["Subject"]).split("] ")[1] for mail in post.to("ada@example.com")]
    assert [one.partition(":")[0] for one in subjects] == [
        "Investigating",
        "Monitoring",
        "Resolved",
    ]
