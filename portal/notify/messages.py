"""Messages: a notice as a mail, as a chat's lines and as JSON for machines."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal import clock
from portal.status import prose, translations
from portal.status.components import Component
from portal.status.notices import Event, Notice, NoticeKind

# Renders templates/mail/<name>.txt and .html.
Render = Callable[..., tuple[str, str]]
_TONES = {
    "investigating": "bad",
    "identified": "warn",
    "monitoring": "info",
    "resolved": "ok",
    "info": "info",
    "maintenance": "info",
    "incident": "bad",
    "security": "warn",
}
_WINDOW = {
    Event.SCHEDULED: ("Maintenance planned", "info"),
    Event.REMINDER: ("Maintenance soon", "info"),
    Event.STARTED: ("Maintenance has begun", "info"),
    Event.EXTENDED: ("Maintenance takes longer", "warn"),
    Event.CHANGED: ("Maintenance changed", "warn"),
    Event.ENDED: ("Maintenance is over", "ok"),
    Event.CANCELLED: ("Maintenance cancelled", "muted"),
}
_ALERT = {
    Event.LASTS: ("Alert lasts", "bad"),
    Event.RECOVERED: ("Recovered", "ok"),
    Event.UPDATE_DUE: ("Update due", "warn"),
    Event.PUBLISHED: ("Incident opened by itself", "warn"),
}
_SEVERITY = {
    "info": "Notice",
    "maintenance": "Maintenance",
    "incident": "Incident",
    "security": "Security",
}
_STATES = {
    "operational": "operational",
    "under_maintenance": "under maintenance",
    "degraded_performance": "degraded performance",
    "partial_outage": "partial outage",
    "major_outage": "major outage",
}
# All words that a mail's frame is told with, for the catalogues of other languages.
WORDS = (
    prose.COLON,
    *(word for word, _ in _WINDOW.values()),
    *_SEVERITY.values(),
    *(f"{word}, changed" for word in _SEVERITY.values()),
    *_STATES.values(),
    "What we learned",
    "Resolved",
    "Message",
    "Read the whole timeline",
    "Read about this maintenance",
    "Open the status page",
    "Previously",
    "Now",
    "When",
    "Until",
    "Next",
    "Then",
    "Affected",
    "Expect",
    "Impact",
    "Next update by",
)
# What wakes a whole room: a mention of everybody, in the spelling of one service or another.
_MENTION = re.compile(r"@(?=(everyone|here|channel|all|room)\b)", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u0085\u2028\u2029]+")


@dataclass(frozen=True)
class Fact:
    """A line under the title: a text, a word of ours, names with words, or instants in a zone.

    Words are said in the language of whoever reads them; texts and names are operators' own.
    """

    label: str
    text: str = ""
    word: str = ""
    named: tuple[tuple[str, str], ...] = ()
    at: datetime | None = None
    until: datetime | None = None
    zone: str = "UTC"


@dataclass(frozen=True)
class Message:
    """A notice in words; `link` is a path of the portal."""

    word: str
    tone: str
    title: str
    text: str
    html: str
    link: str
    link_word: str
    facts: list[Fact] = field(default_factory=list)

    def subject(self, site: str, colon: str = prose.COLON) -> str:
        """One line, whatever stands in the title."""
        told = f"{self.word}{colon}{self.title}" if self.title else self.word
        return _CONTROL.sub(" ", f"[{site}] {told}").strip()


def names(session: Session, *, has_hidden: bool = False) -> dict[str, str]:
    """The names of the components that everyone may see; for operators of all."""
    query = select(Component.slug, Component.name)
    rows = session.execute(query if has_hidden else query.where(Component.is_public))
    return {row.slug: row.name for row in rows}


def of(notice: Notice, names: Mapping[str, str], language: str = "") -> Message:
    """The words of a notice; `names` are the components that its readers may see.

    What operators wrote is in `language` where there is a translation.
    """
    word, tone = _head(notice)
    link, link_word = _link(notice)
    texts = notice.translations
    told = translations.text(texts, language, "message", notice.message)
    return Message(
        word=word,
        tone=tone,
        title=translations.text(texts, language, "title", notice.title),
        text=told,
        html=prose.to_html(told),
        link=link,
        link_word=link_word,
        facts=_facts(notice, names),
    )


def _head(notice: Notice) -> tuple[str, str]:
    event, facts = Event(notice.event), notice.facts
    if notice.kind in {NoticeKind.WINDOW, NoticeKind.SERIES}:
        return _WINDOW[event]
    if notice.kind == NoticeKind.ALERT:
        return _ALERT[event]
    if notice.kind == NoticeKind.INCIDENT:
        if event is Event.LEARNED:
            return "What we learned", "info"
        return facts["status"].capitalize(), _TONES[facts["status"]]
    if notice.kind == NoticeKind.ANNOUNCEMENT:
        if event is Event.RESOLVED:
            return "Resolved", "ok"
        word = _SEVERITY[facts["severity"]]
        return f"{word}, changed" if event is Event.CHANGED else word, _TONES[facts["severity"]]
    return "Message", "info"


def _link(notice: Notice) -> tuple[str, str]:
    if notice.kind == NoticeKind.INCIDENT:
        return f"/incidents/{notice.ref}", "Read the whole timeline"
    if notice.kind == NoticeKind.WINDOW:
        return f"/maintenance/{notice.ref}", "Read about this maintenance"
    if notice.kind == NoticeKind.ALERT:
        return notice.facts.get("link", "/panel"), "Open the panel"
    return "/", "Open the status page"


def _facts(notice: Notice, names: Mapping[str, str]) -> list[Fact]:
    facts, zone = notice.facts, notice.facts.get("zone", "UTC")
    found: list[Fact] = []
    starts, ends = _instant(facts, "startsAt"), _instant(facts, "endsAt")
    if "previousStartsAt" in facts or "previousEndsAt" in facts:
        found.append(
            Fact(
                "Previously",
                at=_instant(facts, "previousStartsAt") or starts,
                until=_instant(facts, "previousEndsAt") or ends,
                zone=zone,
            )
        )
        found.append(Fact("Now", at=starts, until=ends, zone=zone))
    elif starts is not None:
        found.append(Fact("When", at=starts, until=ends, zone=zone))
    elif ends is not None:
        found.append(Fact("Until", at=ends, zone=zone))
    if "rule" in facts:
        found += [
            Fact(
                "Next" if number == 0 else "Then",
                zone=zone,
                at=_instant(one, "startsAt"),
                until=_instant(one, "endsAt"),
            )
            for number, one in enumerate(facts["windows"])
        ]
    states = _states(notice)
    affected = tuple(
        (names[slug], _STATES[state] if state else "")
        for slug, state in states.items()
        if slug in names and state != "operational"
    )
    if affected and notice.event != Event.RESOLVED:
        found.append(Fact("Affected", named=affected))
    if notice.kind == NoticeKind.INCIDENT:
        found.insert(0, Fact("When", at=notice.occurred_at))
    if facts.get("expected"):
        found.append(Fact("Expect", facts["expected"]))
    if facts.get("impact") not in {None, "none"}:
        found.append(Fact("Impact", word=facts["impact"]))
    if "nextUpdateAt" in facts:
        found.append(Fact("Next update by", at=_instant(facts, "nextUpdateAt")))
    return found


def _states(notice: Notice) -> dict[str, str]:
    """What is said of each component, nothing for one that is only named."""
    said: Mapping[str, str] | None = notice.facts.get("components")
    if said is not None:
        return dict(said)
    return {**dict.fromkeys(notice.components, ""), **notice.facts.get("effects", {})}


def _instant(facts: Mapping[str, Any], name: str) -> datetime | None:
    text = facts.get(name)
    return datetime.fromisoformat(text) if text else None


def payload(notice: Notice, names: Mapping[str, str], *, site: str, url: str) -> dict[str, Any]:
    """What a webhook gets: the notice with its facts, and where to read on; a draft has no id."""
    # What is said of components is said of those alone that its readers may know.
    facts = {
        name: value for name, value in notice.facts.items() if name not in {"components", "effects"}
    }
    states = _states(notice)
    return {
        "id": str(notice.id or ""),
        "type": f"{notice.kind}.{notice.event}",
        "occurredAt": clock.iso(notice.occurred_at),
        "site": {"name": site, "url": url},
        "ref": notice.ref,
        "title": notice.title,
        "message": notice.message,
        **({"translations": notice.translations} if notice.translations else {}),
        "url": f"{url}{_link(notice)[0]}",
        "components": [
            {"slug": slug, "name": names[slug], **({"state": state} if state else {})}
            for slug, state in states.items()
            if slug in names
        ],
        **facts,
    }


def quiet(text: str) -> str:
    """A text for a chat, in which no mention wakes anybody."""
    text = _MENTION.sub("@\u200b", text)
    return text.replace("<!", "<\u200b!").replace("<@", "<\u200b@")
