"""Events of the audit log as sentences: who did what to which thing, until when, and why.

Each declared type has its sentence here; what stands in it is escaped. A second line tells what is
worth knowing besides, where there is something.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from markupsafe import Markup, escape
from sqlalchemy import literal, select, union_all
from sqlalchemy.orm import Session

from portal import durations
from portal.audit.search import Event
from portal.status.announcements import Announcement
from portal.status.components import Component
from portal.status.incidents import Incident
from portal.status.windows import Window
from portal.web import dates

_PLACE = re.compile(r"\{(\w+)(?::(\w+))?\}")
PORTAL = {"portal", "portal worker"}
ICONS = {
    "account": "person",
    "announcement": "info",
    "audit": "ok",
    "component": "info",
    "database": "clock",
    "incident": "bad",
    "maintenance": "maintenance",
    "monitor": "clock",
    "monitoring": "clock",
    "perimeter": "security",
    "runtime": "clock",
    "subscriber": "person",
    "waf": "security",
}

# Type -> the sentence after the actor's name, and the second line.
SENTENCES: dict[str, tuple[str, str]] = {
    "account.first_operator.created": ("created the first operator, {name}", "Role: {role}"),
    "account.operator.created": ("created the operator {name}", "Role: {role}"),
    "account.operator.disabled": ("disabled the operator {name}", ""),
    "account.password.changed": ("changed the password of {name}", ""),
    "account.login.succeeded": ("signed in from {address:key}", ""),
    "account.login.refused": ("could not sign in from {address:key}", "{reason}"),
    "account.logout": ("signed out", ""),
    "account.token.created": ("created the token {token}, valid until {expires:time}", "{scopes}"),
    "account.token.revoked": ("revoked the token {token}", ""),
    "announcement.created": ("wrote the announcement {ref:announcement}", "Severity: {severity}"),
    "announcement.changed": ("changed the announcement {ref:announcement}", "Changed: {fields}"),
    "announcement.status.changed": (
        "made the announcement {ref:announcement} {after}",
        "It was {before}.",
    ),
    "announcement.undone": ("undid a change of {ref:announcement}, which is {after} again", ""),
    "audit.segment.sealed": ("sealed events {first} to {last} into a file", "{file}"),
    "audit.spool.taken_in": (
        "took in {events} events that were recorded while the database was away",
        "From {since:time} to {until:time}",
    ),
    "database.connection.closed": ("closed all connections to the database", ""),
    "database.connection.established": (
        "reached the database again",
        "It was away for {gap_seconds:spoken}.",
    ),
    "database.connection.lost": ("lost the connection to the database", ""),
    "database.connection.shutdown_failed": (
        "could not close the connections to the database",
        "{borrowed} of {size} were still in use.",
    ),
    "component.changed": ("changed the component {component:component}", "Changed: {fields}"),
    "component.created": ("added the component {name}", ""),
    "component.removed": ("removed the component {name} with its history", ""),
    "component.state.changed": (
        "set {component:component} by hand to {after:state}",
        "Before: {before:state}",
    ),
    "incident.acknowledged": ("acknowledged {incident:incident}", ""),
    "incident.captured": ("captured a snapshot for {incident:incident}", ""),
    "incident.changed": ("changed {incident:incident}", "Changed: {fields}"),
    "incident.noted": ("added a note to {incident:incident}", ""),
    "incident.opened": ("opened {incident:incident}, impact {impact}", "Components: {components}"),
    "incident.resolved": ("resolved {incident:incident}", "Cause: {category}"),
    "incident.updated": ("posted an update on {incident:incident}: {status}", ""),
    "incident.retrospective.saved": ("saved the retrospective of {incident:incident}", ""),
    "maintenance.freeze.added": ("added the freeze {title}", "{starts:time} to {ends:time}"),
    "maintenance.freeze.removed": ("removed the freeze {title}", ""),
    "maintenance.series.approved": ("approved the series {ref:key}", "Written by {author}"),
    "maintenance.window.approved": ("approved {ref:window}", "Written by {author}"),
    "maintenance.window.created": ("planned {ref:window}", "{starts:time} to {ends:time}"),
    "maintenance.window.changed": ("changed {ref:window}", "Changed: {fields}"),
    "maintenance.window.started": ("started {ref:window}", "Until {ends:time}"),
    "maintenance.window.extended": (
        "extended {ref:window} until {after:time}",
        "Was {before:time}",
    ),
    "maintenance.window.ended": ("ended {ref:window}", ""),
    "maintenance.window.cancelled": ("cancelled {ref:window}", ""),
    "maintenance.window.undone": ("undid the last change of {ref:window}", ""),
    "maintenance.series.cancelled": ("cancelled the series {ref:key}", "{windows} windows"),
    "maintenance.series.created": ("planned the series {title}", "{rule} in {zone}"),
    "maintenance.series.planned": ("planned {windows} windows of the series {ref:key}", ""),
    "maintenance.template.changed": ("changed the message template {name}", ""),
    "maintenance.notification.sent": (
        "sent a message to {recipients} recipients",
        "Template {template}, for {audiences}",
    ),
    "maintenance.notification.retried": ("queued delivery {delivery} again", ""),
    "monitor.changed": ("changed the monitor {monitor:key}", "Changed: {fields}"),
    "monitor.created": ("added the monitor {name}", "Kind: {kind}"),
    "monitor.paused": ("paused the monitor {monitor:key}", ""),
    "monitor.removed": ("removed the monitor {name} with its history", ""),
    "monitor.resumed": ("resumed the monitor {monitor:key}", ""),
    "monitoring.episode.opened": ("saw the alert {alert} begin", ""),
    "monitoring.episode.closed": ("saw the alert {alert} end after {seconds:spoken}", ""),
    "monitoring.episode.ended": ("ended the alert {alert} after {seconds:spoken}", ""),
    "monitoring.episode.lapsed": (
        "let the alert {alert} lapse after {seconds:spoken}",
        "Its sender had not repeated it.",
    ),
    "monitoring.episode.acknowledged": ("acknowledged the alert {alert}", "{subject}"),
    "monitoring.episode.unacknowledged": ("stopped taking care of the alert {alert}", "{subject}"),
    "monitoring.exporter.stale": (
        "was not scraped for {age_seconds:spoken} (limit {threshold:spoken})",
        "Scraper: {scraper}",
    ),
    "monitoring.exporter.recovered": (
        "was scraped again, after {gap_seconds:spoken} without",
        "Scraper: {scraper}",
    ),
    "perimeter.block.created": ("blocked {value:key} until {until:time}", "Reason: {reason}"),
    "perimeter.block.raised": (
        "raised the block of {value:key} until {after:time}",
        "Reason: {reason}",
    ),
    "perimeter.block.extended": ("extended {block:block} until {after:time}", "Reason: {reason}"),
    "perimeter.block.removed": ("unblocked {value:key}", "It would have ended {until:time}."),
    "perimeter.block.expired": ("let the block of {value:key} run out", ""),
    "perimeter.block.undone": ("undid the last change of the block of {value:key}", ""),
    "runtime.drain.began": ("began to drain the portal", "{reason}"),
    "runtime.drain.called_off": ("called the drain off", ""),
    "runtime.restored": ("restored the database from {file}", "Its last event was {last_seq}."),
    "runtime.secrets.reencrypted": (
        "encrypted secrets anew with the current key",
        "Credentials of {monitors} monitors, addresses of {channels} channels.",
    ),
    "runtime.shutdown.completed": ("shut the portal down", ""),
    "runtime.shutdown.forced": ("forced the portal to stop", ""),
    "runtime.shutdown.initiated": ("began to shut the portal down", "{reason}"),
    "runtime.snapshot.exported": ("exported a snapshot as {format}", ""),
    "runtime.started": ("started, version {version}", ""),
    "runtime.stopped": ("stopped", ""),
    "subscriber.removed": ("removed a subscriber", "{kind}"),
    "subscriber.webhook.added": ("added a webhook to {host}", ""),
    "waf.auto_block": (
        "blocked {value:key} until {until:time}",
        "{offences} requests refused by the WAF",
    ),
}


@dataclass(frozen=True)
class Told:
    """An event for people; `event` is the raw one."""

    event: Event
    icon: str
    sentence: Markup
    more: Markup


def told(session: Session, events: list[Event]) -> list[Told]:
    """Events as sentences, with the titles of what they are about by one query."""
    names = _names(session, events)
    return [
        Told(
            event,
            ICONS.get(event.type.partition(".")[0], "info"),
            Markup("<b>{}</b> {}").format(_who(event.actor), _filled(first, event.detail, names)),
            _filled(second, event.detail, names) if _has_all(second, event.detail) else Markup(),
        )
        for event in events
        for first, second in (_texts(event.type),)
    ]


def brief(event: Any) -> Markup:
    """One sentence alone, with references in place of titles: nothing is looked up for it."""
    first, _ = _texts(event.type)
    return Markup("<b>{}</b> {}").format(_who(event.actor), _filled(first, event.detail, {}))


def _texts(event_type: str) -> tuple[str, str]:
    """The sentence of a type; one that a newer version wrote is told by its name."""
    return SENTENCES.get(event_type, (event_type, ""))


def _who(actor: str) -> str:
    if actor in PORTAL:
        return "The portal"
    return f"Token {actor.removeprefix('token:')}" if actor.startswith("token:") else actor


def _has_all(text: str, detail: dict[str, Any]) -> bool:
    """Whether each place of a second line has something to say."""
    return all(detail.get(name) not in (None, "", []) for name, _ in _PLACE.findall(text))


def _filled(text: str, detail: dict[str, Any], names: dict[tuple[str, str], str]) -> Markup:
    parts, end = [], 0
    for place in _PLACE.finditer(text):
        name, how = place.groups()
        parts += [text[end : place.start()], _shown(how or "", detail.get(name), names)]
        end = place.end()
    return Markup().join([*parts, text[end:]])


def _shown(how: str, value: Any, names: dict[tuple[str, str], str]) -> str | Markup:
    if value is None and how != "state":
        return "–"
    if how in _PAGES:
        return Markup('<a href="{}">{}</a>').format(
            _PAGES[how].format(value), names.get((how, str(value)), value)
        )
    if how in _AS:
        return _AS[how](value)
    if isinstance(value, list | tuple):
        return ", ".join(str(one) for one in value)
    return str(value)


def _time(value: Any) -> Markup:
    try:
        at = datetime.fromisoformat(str(value))
    except ValueError:
        return escape(value)
    return Markup('<time datetime="{}" data-local>{}</time>').format(value, dates.stamp(at))


def _key(value: Any) -> Markup:
    return Markup('<span class="key">{}</span>').format(value)


_PAGES = {
    "announcement": "/panel/announcements/{}",
    "component": "/panel/components/{}",
    "incident": "/panel/incidents/{}",
    "window": "/panel/windows/{}",
}
_AS: dict[str, Callable[[Any], str | Markup]] = {
    "time": _time,
    "key": _key,
    "block": lambda value: Markup("the block {}").format(_key(value)),
    "spoken": lambda value: durations.spoken(float(value or 0)),
    "state": lambda value: str(value).replace("_", " ") if value else "automatic",
}
_TITLES: dict[str, tuple[Any, Any]] = {
    "announcement": (Announcement.slug, Announcement.title),
    "component": (Component.slug, Component.name),
    "incident": (Incident.reference, Incident.title),
    "window": (Window.reference, Window.title),
}


def _names(session: Session, events: Iterable[Event]) -> dict[tuple[str, str], str]:
    """The titles of the things that events name, by noun and reference; one query."""
    wanted: dict[str, set[str]] = {}
    for event in events:
        for name, how in _PLACE.findall(_texts(event.type)[0]):
            if how in _TITLES and event.detail.get(name):
                wanted.setdefault(how, set()).add(str(event.detail[name]))
    queries = [
        select(literal(noun), key, title).where(key.in_(wanted[noun]))
        for noun, (key, title) in _TITLES.items()
        if noun in wanted
    ]
    rows = session.execute(union_all(*queries)).all() if queries else []
    return {(noun, reference): title for noun, reference, title in rows}
