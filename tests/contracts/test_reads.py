"""HEAD and OPTIONS change no row, whatever they are sent to and by whom."""

from contextlib import closing
from typing import Any

import pytest
from flask import url_for
from sqlalchemy import select

from portal.accounts import operators
from portal.monitors.heartbeats import Heartbeat
from portal.monitors.monitor import Kind
from portal.monitors.schemas import MonitorIn
from portal.notify import subscribers
from portal.notify.subscribers import Subscriber, SubscriptionIn
from portal.settings import MailServer
from portal.status.components import ComponentIn
from portal.status.windows import WindowIn
from portal.store import engine
from portal.store.base import Base
from portal.unit_of_work import By
from portal.web import scopes
from tests.clocks import StandingClock
from tests.conftest import Build
from tests.instants import NOW
from tests.people import PASSWORD
from tests.sites import Site

VALUES = {
    "filename": "none",
    "identity": "nothing",
    "name": "exporter",
    "number": 1,
    "slug": "api",
    "code": 0,
}
# What a form of any of the views would act on.
FORM = {
    "name": "ada",
    "password": PASSWORD,
    "title": "T",
    "duration": "30m",
    "key": "k" * 12,
    "template": "operations",
    "act": "send",
    "topics": "incidents",
}


def rows(site: Site) -> dict[str, list[Any]]:
    """Every row of every table, as SQLite has it; this is asked after a thousand requests."""
    with closing(site.portal.core.engine.raw_connection()) as connection:
        cursor = connection.cursor()
        return {
            name: cursor.execute(f'SELECT * FROM "{name}"').fetchall()
            for name in Base.metadata.tables
        }


@pytest.fixture
def furnished(build: Build, still: StandingClock) -> tuple[Site, dict[str, Any]]:
    """A site with something under each name that a path can have, and those names."""
    site = build(smtp_url=MailServer("127.0.0.1", 9, "offered"), mail_from="status@portal.example")
    status = site.portal.status
    status.components.add(By("ada"), ComponentIn(slug="api", name="API"))
    beat = MonitorIn(slug="api", name="API", kind=Kind.HEARTBEAT, period_seconds=3600)
    site.portal.monitors.acts.add(By("ada"), beat)
    window = status.windows.schedule(By("ada"), WindowIn(title="T", ends_at=NOW.replace(hour=15)))
    with site.portal.core.open_session() as session:
        engine.begin_write(session)
        tokens = {"accounts.first_run": operators.new_first_run_link(session)}
        for name in ("asked", "told"):
            mail = SubscriptionIn(address=f"{name}@example.org")
            subscribers.ask(session, mail, now=NOW)
        session.flush()
        asked, told = session.scalars(select(Subscriber).order_by(Subscriber.id))
        subscribers.confirm(told, now=NOW)
        tokens["subscriptions.confirm"] = site.portal.notify.links.confirm(asked)
        tokens["subscriptions.manage"] = site.portal.notify.links.manage(told)
        tokens["subscriptions.end"] = tokens["subscriptions.manage"]
        for endpoint in scopes.ACTS_ON_READ:
            tokens[endpoint] = session.scalar(select(Heartbeat.token))
        session.commit()
    return site, VALUES | {"ref": window.reference, "reference": window.reference} | tokens


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS"])
@pytest.mark.fault(44)
def test_a_read_changes_no_row(furnished: tuple[Site, dict[str, Any]], method: str):
    site, values = furnished
    person, headers = site.signed_in(), site.bearer()
    before = rows(site)
    count = 0
    for rule in site.app.url_map.iter_rules():
        if method == "HEAD" and rule.endpoint in scopes.ACTS_ON_READ:
            continue
        named = values | {"token": values.get(rule.endpoint)}
        arguments = {
            # Of a closed set of names, one of them.
            name: min(getattr(rule._converters[name], "items", ()), default=None) or named[name]
            for name in rule.arguments
        }
        _, path = rule.build(arguments)  # type: ignore[misc]
        for client, more in ((person.client, {}), (site.client(), headers), (site.client(), {})):
            for form in (None, FORM):
                answer = client.open(path, method=method, data=form, headers=more)
                assert answer.data == b"" or method == "OPTIONS", path
                assert answer.status_code < 500, path
                assert rows(site) == before, f"{method} {path}"
                count += 1
    assert count > 600


def test_the_one_route_on_which_reads_act_is_marked(furnished: tuple[Site, dict[str, Any]]):
    """Cron jobs call a heartbeat with what they have."""
    site, values = furnished
    assert {one.partition(".")[0] for one in scopes.ACTS_ON_READ} == {"heartbeats"}
    for endpoint in sorted(scopes.ACTS_ON_READ):
        for method in ("GET", "HEAD", "POST"):
            with site.app.test_request_context():
                path = url_for(endpoint, token=values[endpoint], word="start", code=1)
            before = rows(site)
            assert site.client().open(path.partition("?")[0], method=method).status_code == 200
            assert rows(site) != before, (endpoint, method)


@pytest.mark.parametrize("path", ["/panel/login", "/", "/subscribe", "/health/ready", "/history"])
def test_head_is_answered_as_get_without_a_body(site: Site, path: str):
    client = site.client()
    head, get = client.head(path), client.get(path)
    assert (head.status_code, head.data) == (get.status_code, b"")
    assert head.content_type == get.content_type


def test_nobody_who_is_not_signed_in_gets_a_session(site: Site):
    for path in ("/panel/login", "/panel", "/panel/incidents", "/api/runtime/maintenance"):
        answer = site.client().get(path)
        assert "Set-Cookie" not in answer.headers, path
    assert rows(site)["web_session"] == []


@pytest.mark.parametrize(
    ("headers", "status", "why"),
    [
        ({}, 303, "a program without either header"),
        ({"Sec-Fetch-Site": "same-origin"}, 303, "our own page"),
        ({"Sec-Fetch-Site": "cross-site"}, 403, "a page of others"),
        ({"Origin": "http://localhost"}, 303, "our own page in an older browser"),
        ({"Origin": "https://localhost"}, 303, "behind a proxy that has the certificate"),
        ({"Origin": "https://evil.example"}, 403, "a page of others in an older browser"),
    ],
)
def test_only_our_own_page_signs_in(site: Site, headers, status: int, why: str):
    person = site.signed_in()
    form = {"name": person.name, "password": PASSWORD}
    answer = site.client().post("/panel/login", data=form, headers=headers)
    assert answer.status_code == status, why
