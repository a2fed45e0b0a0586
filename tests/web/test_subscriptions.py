"""Subscribing by mail, as somebody with a browser and a mailbox does it."""

import re
from typing import Any

import pytest

from portal.notify.subscribers import ASK_AGAIN_AFTER, CONFIRM_WITHIN, Subscriber
from portal.status.components import ComponentIn
from portal.unit_of_work import By
from tests.clocks import StandingClock
from tests.conftest import Build
from tests.notify.deliveries import Told, an_incident, settings, subscribe
from tests.notify.post import Post, text_of
from tests.sites import Site


@pytest.fixture
def site(build: Build, post: Post) -> Site:
    return build(**settings(post))


def link_in(text: str, path: str) -> str:
    found = re.search(rf"https://status\.example\.com({path}\S+)", text)
    assert found, text
    return found.group(1)


def ask(site: Site, address: str = "ada@example.com", **form: Any) -> Any:
    values = {"address": address, "topics": ["incidents", "maintenance"], **form}
    return site.client().post("/subscribe", data=values)


def subscribers(site: Site) -> list[Subscriber]:
    with site.portal.core.open_session() as session:
        return session.query(Subscriber).all()


@pytest.mark.usefixtures("still")
def test_a_mailbox_is_not_filled_by_strangers(site: Site):
    """However the address is decorated; and whoever reached the bound is told so."""
    answers = [
        site.client().post(
            "/subscribe", data={"address": f"victim+{number}@example.com", "topics": ["incidents"]}
        )
        for number in range(5)
    ]
    assert [one.status_code for one in answers] == [303] * 3 + [429] * 2
    assert "wait to be confirmed. Try again in an hour." in answers[-1].text
    assert answers[-1].headers["Retry-After"] == "3600"
    assert len(subscribers(site)) == 3


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


def test_nobody_is_flooded_with_questions(site: Site, post: Post, still: StandingClock):
    with Told(site) as told:
        for _ in range(5):
            ask(site)
        told.run()
        assert len(post.taken) == 1
        still.advance(seconds=ASK_AGAIN_AFTER.total_seconds())
        ask(site)
        told.run()
    first, second = post.to("ada@example.com")
    client = site.client()
    # Only the last question can be answered.
    assert client.post(link_in(text_of(first), "/subscribe/")).status_code == 410
    assert client.post(link_in(text_of(second), "/subscribe/")).status_code == 200


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


@pytest.mark.parametrize(
    "address",
    [
        "",
        "ada",
        "ada@",
        "@example.com",
        "ada@localhost",
        "a da@example.com",
        "ada@example.com\r\nBcc: eve@example.com",
        "ada@example.com,eve@example.com",
        "<ada@example.com>",
        "ada@exa\x00mple.com",
        f"{'a' * 70}@example.com",
        "ädа@example.com",
        "ada@example.com，eve＠example.com",
        "ada@.example.com",
    ],
)
def test_what_is_no_address_is_given_back(site: Site, address: str):
    answer = ask(site, address)
    assert answer.status_code == 422
    assert "Nothing was saved" in answer.text
    assert subscribers(site) == []


def test_unknown_choices_are_refused(site: Site):
    hidden = ComponentIn(slug="vault", name="Vault", is_public=False)
    site.portal.status.components.add(By("test"), hidden)
    for form in ({"topics": ["gossip"]}, {"components": ["nothing"]}, {"components": ["vault"]}):
        answer = ask(site, **form)
        assert answer.status_code == 422, form
    # Not even by which of two is complained of.
    assert "no component vault" in ask(site, components=["vault", "nothing"]).text
    assert "vault" not in site.client().get("/subscribe").text
    assert subscribers(site) == []


def test_a_foreign_page_subscribes_nobody(site: Site):
    answer = site.client().post(
        "/subscribe",
        data={"address": "ada@example.com", "topics": ["incidents"]},
        headers={"Sec-Fetch-Site": "cross-site"},
    )
    assert answer.status_code == 403
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
        assert "You are not subscribed" in client.get(f"/subscription/{token}").text, token
        client.post(f"/unsubscribe/{token}")
    assert len(subscribers(site)) == 1


def test_without_a_mail_server_there_are_feeds(build: Build):
    site = build()
    page = site.client().get("/subscribe")
    assert "/feed.atom" in page.text
    assert 'name="address"' not in page.text
    assert ask(site).status_code == 404


def test_asking_too_often_says_what_the_limit_is_and_how_long_to_wait(
    site: Site, still: StandingClock
):
    still.advance(minutes=48)
    for number in range(20):
        assert ask(site, f"reader{number}@example.com").status_code == 303
    answer = ask(site)
    assert answer.status_code == 429
    sentence = "Too many requests: the limit is 20 requests per hour. Try again in 12 min."
    assert sentence in answer.text
    assert 719 <= int(answer.headers["Retry-After"]) <= 721
