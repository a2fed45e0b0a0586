"""Channels of readers, called for real on loopback: what they get, and what their answers mean."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from portal import clock
from portal.errors import RuleError
from portal.notify import outbox, subscribers
from portal.notify.channels import card, slack, teams
from portal.notify.channels.card import Card
from portal.notify.channels.cards import Cards
from portal.notify.messages import Message
from portal.notify.outbox import Delivery
from portal.notify.subscribers import ChannelIn, Subscriber, WebhookIn
from portal.settings import Target
from portal.status.components import ComponentIn
from portal.status.notices import Notice
from portal.store import engine
from portal.store.revision import transaction
from portal.unit_of_work import By
from portal.worker import retention
from portal.worker.delivery import build_dispatcher
from tests.clocks import StandingClock
from tests.conftest import Build
from tests.notify import crowd
from tests.notify.test_hosts import SLACK_URL, TEAMS_URL
from tests.notify.test_mail import Told, an_incident, states
from tests.notify.test_targets import LISTED, listening, plain
from tests.queries import counted
from tests.sites import Site

KINDS = ["slack", "teams", "webhook"]


class Reached(Told):
    """A dispatcher for which channels of readers may be on loopback."""

    def __init__(self, site: Site, for_readers: tuple[Target, ...] = LISTED) -> None:
        super().__init__(site)
        self.dispatcher.stop()
        self.dispatcher = build_dispatcher(
            site.portal, site.portal.core.fence, for_readers=for_readers
        )


@pytest.fixture
def site(build: Build) -> Site:
    return build(external_url="https://status.example.com")


@pytest.fixture
def target() -> Iterator[Any]:
    with listening(plain(200)) as server:
        yield server


def channel(site: Site, server: Any, kind: str, path: str = "secret-path", **values: Any) -> int:
    """A channel of a reader on a server, confirmed; its number."""
    now = clock.now()
    url = f"http://127.0.0.1:{server.server_port}/services/T0/B0/{path}-{kind}"
    row = Subscriber(
        **{
            "kind": kind,
            "topics": ["incidents", "maintenance", "announcements"],
            "components": [],
            "wanted": {},
            "question": None,
            "asked_at": now,
            "confirmed_at": now,
            "secret": "s" * 48 if kind == "webhook" else "",
            "created_at": now,
            "by_reader": True,
            **values,
        }
    )
    site.portal.notify.addresses.put(row, url)
    with site.portal.core.open_session() as session:
        engine.begin_write(session)
        session.add(row)
        session.commit()
        return row.id


def open_incident(site: Site, **values: Any) -> Any:
    return site.portal.status.incidents.open(By("test"), an_incident(**values))


def sent_to(server: Any) -> list[dict[str, Any]]:
    return [json.loads(body) for _, _, body in server.calls]


@pytest.mark.parametrize("kind", KINDS)
def test_the_code_comes_first_and_nothing_before_it(site: Site, target: Any, kind: str):
    asked = {"topics": ["incidents"], "components": [], "language": "de"}
    number = channel(site, target, kind, confirmed_at=None, question="q1", wanted=asked, topics=[])
    put_question(site, number)
    open_incident(site)
    with Reached(site) as told:
        told.run()
    ((path, headers, body),) = target.calls
    assert path.endswith(f"secret-path-{kind}")
    said = json.loads(body)
    with site.portal.core.open_session() as session:
        row = session.get(Subscriber, number)
        assert row is not None
        code = site.portal.notify.links.code(row)
    assert code in json.dumps(said)
    assert ("Portal-Signature" in headers) is (kind == "webhook")
    if kind == "webhook":
        assert (said["type"], said["code"]) == ("subscription.confirm", code)
    else:
        assert "Bestätigen" in json.dumps(said, ensure_ascii=False)


def put_question(site: Site, number: int) -> None:
    from portal.status import notices
    from portal.status.notices import Content, Event, NoticeKind

    with site.portal.core.open_session() as session:
        engine.begin_write(session)
        notices.put(
            session, NoticeKind.SUBSCRIPTION, Event.ASKED, str(number), Content(), now=clock.now()
        )
        session.commit()


HOSTILE = "Fail <!channel> & [x](http://evil.example) *now* @here"


def test_slack_gets_blocks_with_nothing_live_in_them(site: Site, target: Any):
    channel(site, target, "slack")
    row = open_incident(site, title=HOSTILE, message="**Bold** <https://evil.example|click> & more")
    with Reached(site) as told:
        told.run()
    (said,) = sent_to(target)
    text = json.dumps(said, ensure_ascii=False)
    assert "<!channel>" not in text
    assert "&lt;" in text
    assert "@here" not in text
    links = [part.split(">")[0] for part in text.split("<")[1:]]
    read = f"https://status.example.com/incidents/{row.reference}"
    assert links[0] == f"{read}|Read the whole timeline"
    assert [one.partition("|")[0].rpartition("/")[0] for one in links[1:]] == [
        "https://status.example.com/subscription",
        "https://status.example.com/unsubscribe",
    ]
    assert said["text"].startswith("[")
    assert "Bold" in text
    assert "**" not in text


def test_teams_gets_a_card_with_nothing_live_in_its_title(site: Site, target: Any):
    channel(site, target, "teams")
    row = open_incident(site, title=HOSTILE)
    with Reached(site) as told:
        told.run()
    (said,) = sent_to(target)
    assert said["type"] == "message"
    (attachment,) = said["attachments"]
    assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
    card = attachment["content"]
    title = card["body"][1]["text"]
    assert r"\[x\](http://evil.example) \*now\*" in title
    assert [one["url"].rpartition("/")[0] for one in card["actions"]] == [
        "https://status.example.com/incidents",
        "https://status.example.com/subscription",
        "https://status.example.com/unsubscribe",
    ]
    assert card["actions"][0]["url"].endswith(row.reference)


def test_each_is_told_in_its_own_language(site: Site, target: Any):
    site.portal.status.components.add(By("test"), ComponentIn(slug="api", name="Die API"))
    channel(site, target, "slack", language="de", components=["api"])
    open_incident(site, components=[{"component": "api", "state": "major_outage"}])
    with Reached(site) as told:
        told.run()
    text = json.dumps(sent_to(target), ensure_ascii=False)
    for word in ("Die API", "Abonnement ändern", "Betroffen"):
        assert word in text, text


def test_arabic_cards_run_from_right_to_left(site: Site, target: Any):
    channel(site, target, "teams", language="ar")
    open_incident(site)
    with Reached(site) as told:
        told.run()
    (said,) = sent_to(target)
    assert said["attachments"][0]["content"]["rtl"] is True


def test_what_is_not_public_reaches_no_channel(site: Site, target: Any):
    site.portal.status.components.add(
        By("test"), ComponentIn(slug="vault", name="The vault", is_public=False)
    )
    for kind in KINDS:
        channel(site, target, kind)
    open_incident(site, audiences=["operations"])
    open_incident(site, components=[{"component": "vault", "state": "major_outage"}])
    with Reached(site) as told:
        told.run()
    assert len(target.calls) == len(KINDS)
    assert "vault" not in json.dumps(sent_to(target))
    assert "test" not in [one.get("author") for one in sent_to(target)]


@pytest.mark.parametrize(
    ("kind", "status", "state", "is_kept"),
    [
        ("slack", 200, "sent", True),
        ("teams", 202, "sent", True),
        ("slack", 404, "dropped", False),
        ("slack", 410, "dropped", False),
        ("teams", 404, "dropped", False),
        ("teams", 410, "dropped", False),
        ("webhook", 410, "dropped", False),
        ("webhook", 404, "dead", True),
        ("slack", 403, "dead", True),
        ("slack", 302, "dead", True),
        ("teams", 500, "pending", True),
        ("slack", 429, "pending", True),
    ],
)
def test_what_a_service_answers_counts(
    site: Site, kind: str, status: int, state: str, is_kept: bool
):
    with listening(plain(status)) as server:
        number = channel(site, server, kind)
        open_incident(site)
        with Reached(site) as told:
            told.run()
        assert len(server.calls) == 1  # type: ignore[attr-defined]
    assert states(site) == {state: 1}
    with site.portal.core.open_session() as session:
        assert (session.get(Subscriber, number) is not None) is is_kept


@pytest.mark.parametrize(
    ("said", "least"),
    [("1", 40), ("600", 600), ("999999999999", 3600), ("soon", 40), ("-5", 40), ("\u0663", 40)],
)
def test_who_asks_to_be_left_alone_is(site: Site, still: StandingClock, said: str, least: int):
    answer = plain(429, Retry_After=said) if said.isascii() else plain(429)
    with listening(answer) as server:
        channel(site, server, "slack")
        open_incident(site)
        with Reached(site) as told:
            told.run()
    with site.portal.core.open_session() as session:
        (row,) = session.query(Delivery)
        assert timedelta(seconds=least) <= row.due_at - clock.now() <= timedelta(hours=1, minutes=1)


@pytest.mark.parametrize("status", [404, 410, 500, 302])
@pytest.mark.parametrize("kind", KINDS)
def test_a_question_is_sent_once_whatever_comes_back(
    site: Site, still: StandingClock, kind: str, status: int
):
    with listening(plain(status)) as server:
        number = channel(site, server, kind, confirmed_at=None, question="q")
        put_question(site, number)
        with Reached(site) as told:
            told.run()
            still.advance(hours=5)
            told.run()
        assert len(server.calls) == 1  # type: ignore[attr-defined]
    assert states(site) == {"dropped": 1}
    with site.portal.core.open_session() as session:
        assert session.get(Subscriber, number) is not None
        assert outbox.dead_letters(session, limit=5) == []


@pytest.mark.fault(24)
@pytest.mark.parametrize("kind", KINDS)
def test_what_operators_allow_is_not_for_strangers(build: Build, target: Any, kind: str):
    site = build(external_url="https://status.example.com", allowed_targets=LISTED)
    number = channel(site, target, kind)
    asked = channel(site, target, kind, "other", confirmed_at=None, question="q")
    put_question(site, asked)
    open_incident(site)
    with Reached(site, for_readers=()) as told:
        told.run()
    assert target.calls == []
    with site.portal.core.open_session() as session:
        (letter,) = outbox.dead_letters(session, limit=5)
    assert letter.recipient == f"subscriber {number}"
    assert letter.error.startswith("Blocked: ")
    assert "secret-path" not in f"{letter.error} {letter.queue}"


@pytest.mark.fault(24)
def test_nor_are_questions_of_strangers_about_an_operators_webhook(build: Build, target: Any):
    site = build(external_url="https://status.example.com", allowed_targets=LISTED)
    number = channel(site, target, "webhook", by_reader=False, question="q")
    put_question(site, number)
    with Reached(site, for_readers=()) as told:
        told.run()
    assert target.calls == []
    assert states(site) == {"dropped": 1}


def test_an_operators_webhook_goes_where_operators_allow(build: Build, target: Any):
    site = build(external_url="https://status.example.com", allowed_targets=LISTED)
    url = f"http://127.0.0.1:{target.server_port}/hook"
    site.portal.notify.subscribers.add_webhook(By("test"), WebhookIn(url=url))
    open_incident(site)
    with Reached(site, for_readers=()) as told:
        told.run()
    (said,) = sent_to(target)
    assert "subscription" not in said


def test_addresses_of_an_older_version_are_encrypted(either: Site, target: Any):
    url = f"http://127.0.0.1:{target.server_port}/a-long-secret-path"
    number = channel(either, target, "webhook", by_reader=False)
    with either.portal.core.open_session() as session:
        plain = {"address": url, "canonical": url, "sealed": None}
        session.query(Subscriber).update(plain)
        session.commit()
    retention.sweep(either.portal)
    with either.portal.core.open_session() as session:
        row = session.get(Subscriber, number)
        assert row is not None
        assert "secret" not in f"{row.address} {row.canonical} {row.sealed}"
        assert either.portal.notify.addresses.of(row) == url
        sealed = row.sealed
    retention.sweep(either.portal)
    with pytest.raises(RuleError):
        either.portal.notify.subscribers.add_webhook(By("test"), WebhookIn(url=url))
    with either.portal.core.open_session() as session:
        assert session.query(Subscriber).one().sealed == sealed


def test_one_that_an_older_version_added_once_more_stops_no_retention(either: Site, target: Any):
    url = f"http://127.0.0.1:{target.server_port}/a-long-secret-path"
    twice = channel(either, target, "webhook", by_reader=False)
    other = channel(either, target, "webhook", "another-secret", by_reader=False)
    either.portal.notify.subscribers.add_webhook(By("test"), WebhookIn(url=url))
    with either.portal.core.open_session() as session:
        for number, plain in ((twice, url), (other, f"{url}-2")):
            row = session.get_one(Subscriber, number)
            row.address = row.canonical = plain
            row.sealed = None
        session.commit()
    retention.sweep(either.portal)
    with either.portal.core.open_session() as session:
        assert session.get_one(Subscriber, other).sealed
        assert session.get_one(Subscriber, twice).address == url, "it is called as before"


@pytest.mark.parametrize("kind", KINDS)
def test_asking_and_answering_works_on_both_databases(either: Site, kind: str):
    url = {"slack": SLACK_URL, "teams": TEAMS_URL, "webhook": "https://example.com/hook"}[kind]
    asked = ChannelIn.model_validate({"kind": kind, "address": url})
    room, now = either.portal.notify, clock.now()
    for _ in range(2):
        with either.portal.core.open_session() as session:
            engine.begin_write(session)
            row = subscribers.ask_channel(session, asked, room.addresses, now=now)
            token = room.links.answer(row)
            session.commit()
    with either.portal.core.open_session() as session:
        engine.begin_write(session)
        found = room.links.to_answer(session, token, now=now)
        assert found is not None
        assert not subscribers.answer(found, "0000-0000", room.links, now=now)
        assert subscribers.answer(found, room.links.code(found), room.links, now=now)
        session.commit()
    with either.portal.core.open_session() as session:
        (row,) = session.query(Subscriber)
        assert (row.confirmed_at, row.question, row.tries) == (now, None, 2)
        assert subscribers.counts(session).model_dump()[kind] == 1
        assert session.query(Notice).count() == 1


def test_a_notice_to_a_crowd_of_all_kinds_asks_as_often_as_one_to_mailboxes(either: Site):
    """Addressing thousands; and a handful of a channel takes as few queries as one of mails."""
    crowd.gather(either, 1500)
    number = crowd.tell(either)
    with counted(either) as of_mails:
        crowd.address_all(either)
    assert crowd.counted(either, number) == {"pending": 1500}
    now = clock.now()
    with either.portal.core.open_session() as session:
        rows = session.query(Subscriber).order_by(Subscriber.id).all()
        for place, row in enumerate(rows):
            row.kind = ["mail", "slack", "teams", "webhook"][place % 4]
            row.by_reader = row.kind != "mail"
            if row.by_reader:
                row.address = f"https://{row.kind}.example.com/…{row.id}"
        session.commit()
    other = crowd.tell(either, ref="m-2")
    with counted(either) as of_all:
        crowd.address_all(either)
    assert crowd.counted(either, other) == {"pending": 1500}
    assert len(of_all) == len(of_mails)
    with transaction(either.portal.core.open_session) as (session, _):
        queues = outbox.queues(session, now=now + timedelta(seconds=1))
        assert queues == [
            "mail",
            "reader teams.example.com",
            "reader webhook.example.com",
            "slack slack.example.com",
        ]
    with counted(either) as of_claim, transaction(either.portal.core.open_session) as (session, _):
        found = outbox.claim(session, queues[1], by="me", most=2, now=now + timedelta(seconds=1))
        assert len(found) == 2
    of_claim.expect(8)


def test_with_another_key_nothing_is_called(site: Site, target: Any):
    channel(site, target, "slack", sealed=None)
    with site.portal.core.open_session() as session:
        session.query(Subscriber).update({"sealed": "gAAAA"})
        session.commit()
    open_incident(site)
    with Reached(site) as told:
        told.run()
    assert target.calls == []
    with site.portal.core.open_session() as session:
        (letter,) = outbox.dead_letters(session, limit=5)
    assert letter.error == "The secret key has changed"


def test_slow_channels_of_readers_leave_room_for_others(site: Site):
    with Reached(site) as told:
        room = told.dispatcher._room
        assert room("reader a.example") == 2
        for number in range(12):
            claim: Any = type("Claim", (), {"queue": f"reader h{number}.example"})()
            told.dispatcher._calls[claim] = claim
        assert room("reader a.example") == 0
        assert room("webhook a.example") == 2
        assert room("slack hooks.slack.com") == 4
        told.dispatcher._calls.clear()


def test_long_texts_fit(site: Site, target: Any):
    for kind in ("slack", "teams"):
        channel(site, target, kind)
    open_incident(site, title="&" * 240, message="<&>" * 1600)
    with Reached(site) as told:
        told.run()
    for said in sent_to(target):
        for block in said.get("blocks", []):
            assert len(block.get("text", {}).get("text", "")) <= 3000
        assert len(json.dumps(said)) < 28_000


@pytest.mark.unit
@pytest.mark.parametrize("text", ["---", "![](https://x.example/a.png)", "```\n```", " "])
def test_slack_gets_no_empty_text(text: str):
    blocks = slack.body(Card(site="S", title="T", tone="info", text=text))["blocks"]
    assert all(block["text"]["text"] for block in blocks if block["type"] == "section")


@pytest.mark.unit
@pytest.mark.parametrize(
    ("text", "kept"),
    [("a & b", "a &amp; b"), ("<!here>", "&lt;!here&gt;"), ("&" * 3000, "&amp;" * 580 + "…")],
)
def test_slacks_signs(text: str, kept: str):
    assert slack.escaped(text) == kept


@pytest.mark.unit
@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("*a* _b_ [c](d)", r"\*a\* \_b\_ \[c\](d)"),
        ("1. x", r"\1. x"),
        ("- x", r"\- x"),
        ("a-b", "a-b"),
    ],
)
def test_teams_signs(text: str, kept: str):
    assert teams.escaped(text) == kept


@pytest.mark.unit
@pytest.mark.parametrize(
    ("foot", "line"), [("", "S"), ("<Not you?>", "&lt;Not you?&gt; · S")], ids=["without", "with"]
)
def test_slack_has_a_foot_where_there_is_one(foot: str, line: str):
    (_, last) = slack.body(Card(site="S", title="T", tone="info", text="", foot=foot))["blocks"]
    assert last["elements"][0]["text"] == line


@pytest.mark.unit
@pytest.mark.parametrize(
    ("values", "kinds", "texts"),
    [
        ({}, ["TextBlock"] * 2, ["S", "T"]),
        ({"text": "*x*"}, ["TextBlock"] * 3, ["S", "T", "*x*"]),
        ({"foot": "*x*"}, ["TextBlock"] * 3, ["S", "T", r"\*x\*"]),
        ({"code": "AB"}, ["TextBlock"] * 3, ["S", "T", "AB"]),
        ({"facts": (("a", "b"),)}, ["TextBlock", "TextBlock", "FactSet"], ["S", "T", None]),
    ],
)
def test_a_card_of_teams_has_what_there_is(
    values: dict[str, Any], kinds: list[str], texts: list[str | None]
):
    given = {"site": "S", "title": "T", "tone": "info", "text": "", **values}
    blocks = teams.body(Card(**given))["attachments"][0]["content"]["body"]
    assert [one["type"] for one in blocks] == kinds
    assert [one.get("text") for one in blocks] == texts


@pytest.mark.unit
@pytest.mark.parametrize(("text", "kept"), [("abc", "abc"), ("abcd", "abcd"), ("abcde", "abc…")])
def test_what_is_too_long_is_cut(text: str, kept: str):
    assert card.shortened(text, 4) == kept


@pytest.mark.unit
def test_what_a_language_has_in_common_is_made_once():
    made: list[str] = []

    def render(name: str, *, language: str, **_: Any) -> tuple[str, str]:
        made.append(language)
        return json.dumps(["Started", [], "Read", "Change", "Leave", False]), ""

    links = subscribers.Links("secret")
    cards = Cards(site="S", url="https://s.example", links=links, render=render, say=lambda _, s: s)
    said = Message("Started", "info", "T", "", "", "/x", "Read")

    def tell(number: int, language: str = "en", message: Message = said) -> None:
        person = Subscriber(
            id=number, kind="slack", language=language, created_at=datetime(2030, 1, 1, tzinfo=UTC)
        )
        claim = SimpleNamespace(subscriber=person, notice=Notice(id=1, kind="window"))
        cards.payload(claim, message, {})  # type: ignore[arg-type]

    for number in (1, 2, 3):
        tell(number)
    tell(4, "de")
    assert made == ["en", "de"]
    tell(1, message=replace(said, title="Other"))
    assert made == ["en", "de", "en"]
