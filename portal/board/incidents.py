"""Incidents as readers see them: the public timeline, and nothing of what stands inside."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from portal.board.banners import Banner
from portal.board.memory import Memory
from portal.board.translated import Translated, all_spoken
from portal.schemas import Camel
from portal.status import prose, translations
from portal.status.components import Impact
from portal.status.incidents import (
    ImpactLevel,
    Incident,
    IncidentIn,
    IncidentUpdate,
    Progress,
    UpdateIn,
)
from portal.status.retrospectives import Retrospective
from portal.status.terms import Audience, Channel, Severity, Status


class UpdateView(Translated):
    at: datetime
    status: Progress
    message: str
    message_html: str


class Action(Camel):
    """What was decided to do, and whether it is done."""

    text: str
    done: bool = False


class Postmortem(Camel):
    """What was learned from an incident, as everyone may read it; Markdown."""

    impact: str
    root_cause: str
    actions: list[Action]
    updated_at: datetime

    @property
    def body(self) -> str:
        """All of it in one text, in English as the API is."""
        titled = (("Impact", self.impact), ("Root cause", self.root_cause))
        parts = [f"## {title}\n\n{text}" for title, text in titled if text]
        if self.actions:
            lines = [f"- {one.text}{' (done)' if one.done else ''}" for one in self.actions]
            parts.append("## Follow-up actions\n\n" + "\n".join(lines))
        return "\n\n".join(parts)


class IncidentView(Translated):
    """An incident with its public updates, the newest first."""

    reference: str
    title: str
    impact: ImpactLevel
    status: Progress
    audiences: list[Audience]
    started_at: datetime
    resolved_at: datetime | None
    next_update_at: datetime | None
    components: list[Impact]
    updates: list[UpdateView]
    postmortem: Postmortem | None = None

    def changed_in(self, language: str) -> dict[str, Any]:
        said = super().changed_in(language)
        updates = all_spoken(self.updates, language)
        return said if updates is self.updates else said | {"updates": updates}

    @property
    def is_public(self) -> bool:
        return Audience.PUBLIC in self.audiences


def view(
    row: Incident,
    lines: list[IncidentUpdate],
    impacts: list[Impact],
    learned: Retrospective | None = None,
) -> IncidentView:
    return IncidentView(
        reference=row.reference,
        title=row.title,
        translations=row.translations or {},
        impact=ImpactLevel(row.impact),
        status=Progress(row.status),
        audiences=[Audience(name) for name in row.audiences],
        started_at=row.started_at,
        resolved_at=row.resolved_at,
        next_update_at=row.next_update_at,
        components=impacts,
        updates=[
            UpdateView(
                at=one.at,
                status=Progress(one.status),
                message=one.message,
                message_html=prose.to_html(one.message),
                translations=one.translations or {},
            )
            for one in lines
            if one.is_public and one.status
        ],
        postmortem=_postmortem(learned) if learned else None,
    )


def _postmortem(row: Retrospective) -> Postmortem:
    """The texts that stand on the incident's page."""
    return Postmortem(
        impact=row.impact,
        root_cause=row.root_cause,
        actions=[Action(text=one["text"], done=bool(one.get("done"))) for one in row.actions],
        updated_at=row.updated_at,
    )


def banner(shown: IncidentView, version: int) -> Banner:
    """The incident in the shape that all kinds share; its message is the latest update's."""
    latest = shown.updates[0] if shown.updates else None
    return Banner(
        kind="incident",
        ref=shown.reference,
        title=shown.title,
        message=latest.message if latest else "",
        message_html=latest.message_html if latest else "",
        translations=translations.joined(shown.translations, latest.translations if latest else {}),
        severity=Severity.INCIDENT,
        status=Status.RESOLVED if shown.resolved_at else Status.ACTIVE,
        audiences=shown.audiences,
        channels=list(Channel),
        dismissible=False,
        zone="UTC",
        starts_at=shown.started_at,
        ends_at=None,
        published_at=shown.updates[-1].at if shown.updates else shown.started_at,
        resolved_at=shown.resolved_at,
        version=version,
    )


Told = tuple[IncidentView, Banner]
Beside = tuple[list[Impact], Retrospective | None]
Timelines = Mapping[int, list[IncidentUpdate]]


class Known(Memory[Told]):
    """Incidents as one board told them last."""

    def told(
        self,
        rows: Sequence[Incident],
        impacts: Mapping[int, list[Impact]],
        learned: Mapping[int, Retrospective],
        *,
        read: Callable[[list[int]], Timelines],
    ) -> list[Told]:
        """All of these; only of those that have changed `read` is asked for the timelines."""
        besides = [(impacts.get(row.id, []), learned.get(row.id)) for row in rows]
        keys = [_key(row, *beside) for row, beside in zip(rows, besides, strict=True)]
        others = [row.id for row, key in zip(rows, keys, strict=True) if not self.has(row.id, key)]
        lines = read(others) if others else {}

        def make(row: Incident, beside: Beside) -> Told:
            shown = view(row, lines.get(row.id, []), *beside)
            return shown, banner(shown, row.version)

        found = [
            self.get(row.id, key, partial(make, row, beside))
            for row, key, beside in zip(rows, keys, besides, strict=True)
        ]
        self.forget_others()
        return found


def _key(row: Incident, impacts: list[Impact], learned: Retrospective | None) -> object:
    """What a view is made by. Whoever adds a public line raises the version, and dates it."""
    return (
        (row.version, row.updated_at, row.title, row.impact, row.status, row.audiences),
        (row.started_at, row.resolved_at, row.next_update_at, row.translations),
        [(one.component, one.state) for one in impacts],
        (learned.version, learned.updated_at) if learned else None,
    )


def of_update(
    row: Incident, impacts: list[Impact], new: UpdateIn, *, now: datetime
) -> tuple[IncidentView, Banner]:
    """What readers would see of an incident after an update that is not posted yet."""
    at = new.check(row, now=now)
    line = IncidentUpdate(
        at=at,
        status=new.status.value,
        message=new.message,
        translations=translations.stored(new.translations),
        is_public=True,
    )
    changed = {
        "status": new.status,
        "resolved_at": at if new.status is Progress.RESOLVED else row.resolved_at,
        "next_update_at": new.next_update_at,
    }
    touched = impacts if new.components is None else new.components
    shown = view(row, [line], touched).model_copy(update=changed)
    return shown, banner(shown, row.version)


def of_draft(new: IncidentIn, *, now: datetime) -> Banner:
    """What readers would see of an incident that is not opened yet."""
    return Banner(
        kind="incident",
        ref="preview",
        title=new.title,
        message=new.message,
        message_html=prose.to_html(new.message),
        translations=translations.stored(new.translations),
        severity=Severity.INCIDENT,
        status=Status.ACTIVE,
        audiences=list(new.audiences),
        channels=list(Channel),
        dismissible=False,
        zone="UTC",
        starts_at=new.started_at or now,
        ends_at=None,
        published_at=now,
        resolved_at=None,
        version=0,
    )
