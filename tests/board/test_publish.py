"""The board: one rebuild a revision, 304 for who has it, the last picture without a database."""

import threading
from datetime import timedelta

from portal.status.windows import WindowAct, WindowIn
from portal.unit_of_work import By
from tests.clocks import StandingClock
from tests.instants import NOW
from tests.sites import Site, another


def open_window(site: Site, minutes: int = 30, **values):
    return site.portal.status.windows.schedule(
        By("a"), WindowIn(title="Upgrade", ends_at=NOW + timedelta(minutes=minutes), **values)
    )


def test_an_act_is_in_every_answer_at_once(either: Site, still: StandingClock):
    client = either.client()
    assert "Upgrade" not in client.get("/").get_data(as_text=True)
    row = open_window(either)
    for path in ("/", "/banner", "/api/status", "/api/runtime/maintenance"):
        assert "Upgrade" in client.get(path).get_data(as_text=True), path
    assert client.get("/api/status").get_json()["indicator"] == "maintenance"
    either.portal.status.windows.act(By("a", version=1), row.reference, WindowAct(action="end"))
    assert client.get("/api/status").get_json()["indicator"] == "none"
    assert client.get("/api/runtime/maintenance").get_json()["announcements"] == []


def test_a_banner_ends_by_the_clock_alone(site: Site, still: StandingClock):
    client = site.client()
    open_window(site)
    still.advance(minutes=29, seconds=59)
    assert client.get("/api/status").get_json()["indicator"] == "maintenance"
    still.advance(seconds=1)
    assert client.get("/api/status").get_json()["indicator"] == "none"


def test_304_for_who_has_it_also_after_a_rebuild_without_change(site: Site, still: StandingClock):
    client = site.client()
    first = client.get("/api/runtime/maintenance?limit=5")
    still.advance(seconds=60)
    headers = {"If-None-Match": first.headers["ETag"]}
    again = client.get("/api/runtime/maintenance?limit=5", headers=headers)
    assert again.status_code == 304
    assert again.headers["Cache-Control"] == first.headers["Cache-Control"]
    open_window(site)
    changed = client.get("/api/runtime/maintenance?limit=5", headers=headers)
    assert changed.status_code == 200


def test_another_process_sees_it_within_a_second(site: Site, still: StandingClock):
    other = another(site)
    assert other.client().get("/api/status").get_json()["indicator"] == "none"
    open_window(site)
    still.advance(seconds=1)
    assert other.client().get("/api/status").get_json()["indicator"] == "maintenance"


def test_one_rebuild_however_many_ask(site: Site, still: StandingClock):
    client = site.client()
    client.get("/api/status")
    before = site.portal.board.rebuilds
    # The day turns.
    still.advance(hours=12)
    threads = [threading.Thread(target=lambda: site.client().get("/api/status")) for _ in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert site.portal.board.rebuilds == before + 1


def test_operators_names_and_html_stay_inside(site: Site, still: StandingClock):
    site.portal.status.windows.schedule(
        By("secret-operator"),
        WindowIn(
            title="<b>Loud</b>",
            message="<script>alert(1)</script> [x](javascript:alert(1)) **bold**",
            ends_at=NOW + timedelta(hours=1),
        ),
    )
    page = site.client().get("/").get_data(as_text=True)
    assert "<b>Loud" not in page
    assert "<script>alert" not in page
    assert 'href="javascript' not in page
    assert "<strong>bold</strong>" in page
    assert "secret-operator" not in page


def test_many_variants_do_not_grow_the_board(site: Site):
    client = site.client()
    for minutes in range(5, 400):
        assert client.get(f"/api/runtime/maintenance?windowMinutes={minutes}").status_code == 200
    assert len(site.portal.board.current()._variants) <= 128


def test_upcoming_ones_come_when_their_window_is_near(site: Site, still: StandingClock):
    open_window(site, minutes=300, starts_at=NOW + timedelta(minutes=100))
    client = site.client()
    path = "/api/runtime/maintenance?windowMinutes="
    assert client.get(f"{path}90").get_json()["announcements"] == []
    told = client.get(f"{path}100").get_json()["announcements"]
    assert [(one["kind"], one["status"]) for one in told] == [("window", "scheduled")]
