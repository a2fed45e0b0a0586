"""Strangers fill no mailbox, and what cannot be subscribed is given back."""

import pytest

from portal.notify.subscribers import ASK_AGAIN_AFTER
from portal.status.components import ComponentIn
from portal.unit_of_work import By
from tests.clocks import StandingClock
from tests.conftest import Build
from tests.notify.deliveries import Told, settings
from tests.notify.post import Post, text_of
from tests.sites import Site
from tests.web.mailboxes import ask, link_in, subscribers


@pytest.fixture
def site(build: Build, post: Post) -> Site:
    return build(**settings(post))


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
