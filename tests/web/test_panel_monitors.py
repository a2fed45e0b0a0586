"""Monitors in the panel: the list, one with its chart, the form of each kind, trying one."""

import pytest

from portal.accounts.roles import Role
from portal.monitors.monitor import Kind
from portal.status.components import ComponentIn
from portal.unit_of_work import By
from portal.web.panel.monitor_fields import FIELDS
from tests.clocks import StandingClock
from tests.monitors.watching import Watching
from tests.people import Person
from tests.sites import Site
from tests.web.pages import text_of, value_of

PATH = "/panel/monitors"
FORM = {"kind": "http", "slug": "home", "name": "Home", "url": "https://example.org/health"}


def test_from_nothing_to_a_page_with_three(site: Site, person: Person):
    assert "Make the first monitor" in text_of(person.client.get(PATH))
    for slug in ("home", "shop", "mail"):
        answer = person.post(PATH, **{**FORM, "slug": slug, "name": slug.capitalize()})
        assert (answer.status_code, answer.headers["Location"]) == (303, f"{PATH}/{slug}")
    page = text_of(person.client.get(PATH))
    assert "3 of 3 monitors" in page
    assert "Shop is watched from now on." not in page
    assert "Not looked at yet" in page


@pytest.mark.parametrize("kind", list(Kind))
def test_each_kind_has_a_form_that_keeps_what_was_typed(person: Person, kind: Kind):
    page = text_of(person.client.get(f"{PATH}/new?kind={kind}"))
    for field in FIELDS[kind]:
        assert f'name="{field.name}"' in page, field.name
    again = text_of(person.post(PATH, kind=kind.value, name="Typed", slug="Not a slug"), 422)
    assert value_of(again, "name") == "Typed"
    assert "Nothing was saved." in again


def test_what_a_form_says_is_what_the_api_would_have(site: Site, person: Person):
    more = {
        "assertions": "$.status == ok\n$.queue < 500\n$.version exists",
        "headers": "X-A: b\nAccept: text/html",
        "secretHeaders": "X-Key: tucked-away",
        "password": "top-secret",
        "username": "ada",
        "verifyTls": "on",
        "downAfter": "3 of 5",
        "latencyLimitMs": "800",
    }
    assert person.post(PATH, **FORM, **more).status_code == 303
    headers = site.bearer()
    body = site.client().get("/api/admin/runtime/monitors/home", headers=headers).get_json()
    assert body["assertions"] == [
        {"path": "$.status", "operator": "==", "value": "ok"},
        {"path": "$.queue", "operator": "<", "value": "500"},
        {"path": "$.version", "operator": "exists", "value": "true"},
    ]
    assert body["headers"] == {"X-A": "b", "Accept": "text/html"}
    assert (body["verifyTls"], body["followRedirects"]) == (True, False)
    assert (body["latencyLimitMs"], body["downAfter"]) == (800, "3 of 5")
    page = text_of(person.client.get(f"{PATH}/home/form"))
    assert "top-secret" not in page
    assert "tucked-away" not in page
    assert "Stored now: X-Key" in page
    assert value_of(page, "downAfter") == "3 of 5"
    # Saved again as it was shown, nothing is lost.
    same = {**FORM, **more, "secretHeaders": "", "password": "", "version": "1"}
    assert person.post(f"{PATH}/home", **same).status_code == 303
    body = site.client().get("/api/admin/runtime/monitors/home", headers=headers).get_json()
    assert (body["hasPassword"], body["secretHeaders"]) == (True, ["X-Key"])
    assert person.post(f"{PATH}/home", **same).status_code == 412


def test_pause_is_undone_and_a_copy_is_paused(site: Site, person: Person):
    person.post(PATH, **FORM)
    person.post(f"{PATH}/home/act", action="pause", version="1")
    assert "Paused" in text_of(person.client.get(f"{PATH}/home"))
    text_of(person.post(f"{PATH}/home/act", action="jump"), 422)
    answer = person.post(f"{PATH}/home/copies")
    assert answer.headers["Location"] == f"{PATH}/home-2/form"
    assert "Home (copy)" in text_of(person.client.get(f"{PATH}/home-2"))
    text_of(person.post(f"{PATH}/home/removal"), 422)
    assert person.post(f"{PATH}/home/removal", sure="on").status_code == 303
    text_of(person.client.get(f"{PATH}/home"), 404)


def test_a_test_shows_its_trace_within_the_form_and_alone(site: Site):
    admin = site.signed_in(Role.ADMIN)
    sent = {"kind": "tcp", "slug": "t", "name": "T", "host": "127.0.0.1", "port": "1"}
    page = text_of(admin.post(f"{PATH}/test", **sent))
    assert "Connection refused" in page
    assert value_of(page, "host") == "127.0.0.1"
    admin.client.environ_base["HTTP_HX_REQUEST"] = "true"
    alone = text_of(admin.post(f"{PATH}/test", **sent))
    assert "<form" not in alone
    assert "Connection refused" in alone
    wrong = text_of(admin.post(f"{PATH}/test", **{**sent, "port": "70000"}))
    assert "Correct the following" in wrong


def test_one_that_is_down_shows_why_and_what_it_looked_like(
    site: Site, person: Person, still: StandingClock
):
    world = Watching(site, still)
    world.component()
    world.start("node-a")
    world.add(component="website", name="<b>Shop</b>")
    world.run(300)
    world.finds["home"] = "down"
    world.run(200)
    world.stop()
    page = text_of(person.client.get(f"{PATH}/home"))
    assert "503 Service Unavailable" in page
    assert "The public page shows it at Website." in page
    assert 'class="median"' in page
    assert "from node-a" in page
    assert "<b>Shop" not in str(person.client.get(f"{PATH}/home").get_data(as_text=True))
    listed = text_of(person.client.get(f"{PATH}?state=down"))
    assert "1 of 1 monitor" in listed
    assert "No monitor fits." in text_of(person.client.get(f"{PATH}?q=nothing"))
    assert "1 of 1 monitor" in text_of(person.client.get(f"{PATH}?q=h.example&kind=tcp"))
    assert "monitor-down" in text_of(person.client.get("/panel"))
    for period in ("day", "week", "quarter"):
        assert 'class="chart"' in text_of(person.client.get(f"{PATH}/home?period={period}"))
    text_of(person.client.get(f"{PATH}/home?period=year"), 404)


def test_a_viewer_reads_and_changes_nothing(site: Site, person: Person):
    person.post(PATH, **FORM)
    person.post(PATH, kind="heartbeat", slug="beat", name="Beat", period="1h", grace="10m")
    viewer = site.signed_in(Role.VIEWER)
    page = text_of(viewer.client.get(f"{PATH}/beat"))
    # Whoever has the address can say that a job went well.
    assert "/heartbeat/" not in page
    assert "/heartbeat/" in text_of(person.client.get(f"{PATH}/beat"))
    assert viewer.post(f"{PATH}/home/act", action="pause").status_code == 403
    assert "New monitor" not in text_of(viewer.client.get(PATH))


def test_the_guide_leads_from_nothing_to_a_monitor(site: Site, still: StandingClock):
    admin = site.signed_in(Role.ADMIN)
    assert "Nothing is watched yet" in text_of(admin.client.get("/panel"))
    guide = text_of(admin.client.get("/panel/start"))
    assert "1 of 4 done" in guide
    assert admin.post("/panel/start/component", name="My Shop", group="").status_code == 303
    tried = {"url": "http://127.0.0.1:1/", "component": "my-shop", "try": "on"}
    assert "Connection refused" in text_of(admin.post("/panel/start/monitor", **tried))
    wrong = text_of(admin.post("/panel/start/monitor", url="shop", component="my-shop"), 422)
    assert "An address begins with" in wrong
    good = {"url": "https://shop.example.org/", "component": "my-shop", "showsLatency": "on"}
    assert admin.post("/panel/start/monitor", **good).status_code == 303
    guide = text_of(admin.client.get("/panel/start"))
    assert "3 of 4 done" in guide
    for url in ("https://shop.example.org/api/", "https://shop.example.org/api"):
        another = {"url": url, "component": "my-shop"}
        assert admin.post("/panel/start/monitor", **another).status_code == 303
    assert "3 monitors" in text_of(admin.client.get("/panel/start"))
    for slug in ("shop-example-org", "shop-example-org-api", "shop-example-org-api-2"):
        assert "shop.example.org" in text_of(admin.client.get(f"{PATH}/{slug}"))
    site.portal.status.components.add(By("ada"), ComponentIn(slug="mail", name="Mail"))
    more = str(admin.client.get("/panel/start").get_data(as_text=True))
    assert '<select id="component" name="component">' in more
    assert "shop.example.org" in text_of(admin.client.get(PATH))
    site.portal.board.refresh()
    assert "Nothing is watched yet" not in text_of(admin.client.get("/panel"))
