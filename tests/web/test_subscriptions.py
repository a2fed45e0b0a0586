"""Subscribing by mail, as somebody with a browser and a mailbox does it."""

import re

import pytest

from portal.notify.subscribers import CONFIRM_WITHIN
from portal.status.components import ComponentIn
from portal.unit_of_work import By
from tests.clocks import StandingClock
from tests.conftest import Build
from tests.notify.deliveries import Told, an_incident, settings, subscribe
from tests.notify.post import Post, text_of
from tests.sites import Site
from tests.web.mailboxes import ask, link_in, subscribers


@pytest.fixture
def site(build: Build, post: Post) -> Site:
    return build(**settings(post))


def test_from_the_form_to_the_end(site: Site, post: Post):
    site.portal.status.components.add(By("test"), ComponentIn(slug="api", name="API"))
    client = site.client()
    page = client.get("/subscribe")
    assert "Only for these components" in page.text
    assert "Set-Cookie" not in page.headers
    with Told(site) as told:
        answer = ask(site, "Ada@Example.COM", components=["api"])
        assert (answer.status_code, answer.headers["Location"]) == (303, "/subscribe/sent")
        told.run()
        (question,) = post.to("Ada@example.com")
        assert "List-Unsubscribe" not in question
        confirm = link_in(text_of(question), "/subscribe/")
        # A program that looks into mails follows the link, twice.
        for _ in range(2):
            assert "Confirm subscription" in client.get(confirm).text
        assert subscribers(site)[0].confirmed_at is None
        done = client.post(confirm)
        assert "You are subscribed" in done.text
        assert "Set-Cookie" not in done.headers
        assert client.post(confirm).status_code == 410
        site.portal.status.incidents.open(By("test"), an_incident())
        told.run()
        mail = post.to("Ada@example.com")[-1]
        manage = link_in(text_of(mail), "/subscription/")
        shown = client.get(manage).text
        assert re.search(r'value="api" checked', shown)
        assert not re.search(r'value="announcements" checked', shown)
        saved = client.post(manage, data={"topics": ["announcements"]})
        assert "Saved" in saved.text
        assert subscribers(site)[0].topics == ["announcements"]
        assert subscribers(site)[0].components == []
        assert client.post(manage, data={}).status_code == 422
        # The one click of RFC 8058: no cookie, no token of a form, no browser.
        header = (
            str(mail["List-Unsubscribe"]).strip("<>").removeprefix("https://status.example.com")
        )
        assert "Unsubscribe?" in client.get(header).text
        assert len(subscribers(site)) == 1
        one_click = client.post(header, data={"List-Unsubscribe": "One-Click"})
        assert one_click.status_code == 200
        assert subscribers(site) == []
        for path in (header, manage):
            assert "You are not subscribed" in client.get(path).text


def test_known_and_unknown_get_one_answer(site: Site, post: Post, still: StandingClock):
    subscribe(site, "known@example.com", topics=["incidents"])
    known, unknown = ask(site, "known@example.com"), ask(site, "new@example.com")
    assert known.status_code == unknown.status_code == 303
    assert known.headers["Location"] == unknown.headers["Location"]
    row = next(one for one in subscribers(site) if one.address == "known@example.com")
    # Whoever filled in the form has changed nothing.
    assert row.topics == ["incidents"]


def test_a_question_grows_old(site: Site, post: Post, still: StandingClock):
    with Told(site) as told:
        ask(site)
        told.run()
        still.advance(seconds=CONFIRM_WITHIN.total_seconds() + 1)
    link = link_in(text_of(post.taken[0][1]), "/subscribe/")
    assert site.client().post(link).status_code == 410
    from portal.worker.retention import sweep

    sweep(site.portal)
    assert subscribers(site) == []


def test_links_of_others_open_nothing(site: Site, post: Post):
    subscribe(site, "ada@example.com")
    other = subscribers(site)[0]
    links = site.portal.notify.links
    # The last letter of a signature has bits that count for nothing; the first one has none.
    value, _, signed = links.manage(other).rpartition(".")
    forged = f"{value}.{'A' if signed[0] != 'A' else 'B'}{signed[1:]}"
    client = site.client()
    for token in (forged, "x", "x.y.z", links.confirm(other)):
        for method, path in (
            ("GET", "subscription"),
            ("GET", "unsubscribe"),
            ("POST", "unsubscribe"),
        ):
            answer = client.open(f"/{path}/{token}", method=method)
            # Whose it was is not known, so nobody is told that nothing is sent any more.
            assert answer.status_code == 410, token
            assert "This link is no longer valid" in answer.text
            assert "You are not subscribed" not in answer.text
    assert len(subscribers(site)) == 1


def test_without_a_mail_server_there_are_feeds(build: Build):
    site = build()
    page = site.client().get("/subscribe")
    assert "/feed.atom" in page.text
    assert 'name="address"' not in page.text
    assert ask(site).status_code == 404
