"""Cards of Slack and Teams: their signs, what fits, and what is made once."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from portal.notify import subscribers
from portal.notify.channels import card, slack, teams
from portal.notify.channels.card import Card
from portal.notify.channels.cards import Cards
from portal.notify.messages import Message
from portal.notify.subscribers import Subscriber
from portal.status.notices import Notice
from tests.conftest import Build
from tests.notify.channels import Reached, channel, open_incident, sent_to
from tests.sites import Site


@pytest.fixture
def site(build: Build) -> Site:
    return build(external_url="https://status.example.com")


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
        return json.dumps(["Started", [], "Read", "Change", "Leave", ": ", False]), ""

    links = subscribers.Links(("secret",))
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
