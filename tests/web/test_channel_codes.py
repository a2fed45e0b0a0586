"""Codes of channels: few tries, one answer, and they grow old."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from portal import clock
from portal.notify import subscribers
from portal.notify.subscribers import CONFIRM_WITHIN, MOST_TRIES, ChannelIn
from portal.store import engine
from tests.clocks import StandingClock
from tests.conftest import Build
from tests.databases import fresh_database
from tests.notify.addresses import SLACK_URL
from tests.sites import Site
from tests.web.channels import ask, code_of, rows


@pytest.fixture
def site(build: Build) -> Site:
    return build(external_url="https://status.example.com")


def test_few_tries_and_then_none(site: Site):
    path = ask(site).headers["Location"]
    client = site.client()
    answers = [client.post(path, data={"code": "0"}).status_code for _ in range(MOST_TRIES + 1)]
    assert answers == [422] * (MOST_TRIES - 1) + [410] * 2
    assert client.post(path, data={"code": code_of(site)}).status_code == 410
    assert client.get(path).status_code == 410
    assert rows(site)[0].confirmed_at is None


def test_guesses_side_by_side_are_counted_one_by_one(either: Site):
    """What was counted too late would let many through."""
    asked = ChannelIn.model_validate({"kind": "slack", "address": SLACK_URL})
    room = either.portal.notify
    with either.portal.core.open_session() as session:
        engine.begin_write(session)
        row = subscribers.ask_channel(session, asked, room.addresses, now=clock.now())
        path = f"/subscribe/code/{room.links.answer(row)}"
        session.commit()

    def guess(number: int) -> int:
        return int(either.client().post(path, data={"code": f"0000-{number:04}"}).status_code)

    with ThreadPoolExecutor(8) as pool:
        answers = sorted(pool.map(guess, range(20)))
    assert answers == [410] * (20 - MOST_TRIES + 1) + [422] * (MOST_TRIES - 1)
    assert rows(either)[0].tries == MOST_TRIES


def test_who_asks_twice_at_once_gets_one_answer(build: Build, postgres: str):
    site = build(external_url="https://status.example.com", database_url=fresh_database(postgres))
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: ask(site, "webhook").status_code, range(4)))
    assert answers == [303] * 4
    assert len(rows(site)) == 1


@pytest.mark.usefixtures("still")
def test_guessing_is_limited_at_the_door(site: Site):
    answers = [
        site.client().post("/subscribe/code/x", data={"code": str(n)}).status_code
        for n in range(31)
    ]
    assert answers == [410] * 30 + [429]


def test_a_code_grows_old(site: Site, still: StandingClock):
    path = ask(site).headers["Location"]
    code = code_of(site)
    still.advance(seconds=CONFIRM_WITHIN.total_seconds() + 1)
    assert site.client().post(path, data={"code": code}).status_code == 410
    assert rows(site)[0].confirmed_at is None


def test_a_code_of_one_channel_is_none_of_another(site: Site):
    paths = [ask(site, kind).headers["Location"] for kind in ("slack", "teams")]
    other = site.portal.notify.links.code(rows(site)[0])
    assert site.client().post(paths[1], data={"code": other}).status_code == 422
    assert [row.confirmed_at for row in rows(site)] == [None, None]


@pytest.mark.usefixtures("still")
def test_who_reached_the_bound_is_told_so(site: Site):
    answers = [ask(site, "webhook", f"https://victim.example.com/{n}") for n in range(12)]
    assert [one.status_code for one in answers] == [303] * 10 + [429] * 2
    assert "wait to be confirmed. Try again in an hour." in answers[-1].text
