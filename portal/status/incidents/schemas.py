"""Incidents as API, forms and CLI send them, and as they are answered."""

from datetime import datetime
from typing import Annotated

from pydantic import Field
from sqlalchemy.orm import Session

from portal.errors import RuleError
from portal.schemas import Camel, Instant
from portal.status.components import Impact
from portal.status.incidents import queries
from portal.status.incidents.incident import (
    Capture,
    Category,
    ImpactLevel,
    Incident,
    IncidentUpdate,
    LinkKind,
    Progress,
)
from portal.status.terms import Audience, Audiences, Message, Title
from portal.status.translations import Shown, TranslatedMessages, TranslatedTitles, Translations

Words = Annotated[Message, Field(min_length=1)]


class Link(Camel):
    """What an incident belongs to: an episode's number, a window's or an announcement's name."""

    kind: LinkKind
    ref: Annotated[str, Field(min_length=1, max_length=80, pattern=r"^[\w.-]+$")]


class IncidentIn(Camel):
    """A new incident; `message` is its first public update, `note` one for operators alone."""

    title: Title
    impact: ImpactLevel
    status: Progress = Progress.INVESTIGATING
    message: Words
    translations: Translations = None
    note: Message = ""
    components: list[Impact] = Field(default=[], max_length=100)
    audiences: Audiences = [Audience.PUBLIC]
    started_at: Instant | None = None
    next_update_at: Instant | None = None
    links: list[Link] = Field(default=[], max_length=20)


class IncidentEdit(Camel):
    """What can be put right later; the timelines stay."""

    title: Title
    translations: TranslatedTitles = None
    impact: ImpactLevel
    audiences: Audiences = [Audience.PUBLIC]
    started_at: Instant
    next_update_at: Instant | None = None
    links: list[Link] = Field(default=[], max_length=20)


class UpdateIn(Camel):
    """A public update; `components` names all that are impaired from now on, if it is given."""

    status: Progress
    message: Words
    translations: TranslatedMessages = {}
    components: list[Impact] | None = Field(default=None, max_length=100)
    at: Instant | None = None
    next_update_at: Instant | None = None
    root_cause_category: Category | None = None

    def check(self, row: Incident, *, now: datetime) -> datetime:
        """The instant of an update; RuleError when it contradicts what has been said."""
        at = self.at or now
        if at > now:
            raise RuleError("at", "An update cannot be in the future.")
        if at < row.started_at:
            raise RuleError("at", "An update cannot be before the start of the incident.")
        is_end = self.status is Progress.RESOLVED
        if row.status == Progress.RESOLVED and not is_end:
            raise RuleError("status", "This incident is resolved. Open a new one.")
        if is_end and self.root_cause_category is None and row.root_cause_category is None:
            names = ", ".join(Category)
            raise RuleError("rootCauseCategory", f"Choose a root cause: one of {names}.")
        if not is_end and self.root_cause_category is not None:
            raise RuleError(
                "rootCauseCategory", "The root cause can be set only when the incident is resolved."
            )
        if is_end and self.components:
            raise RuleError("components", "A resolved incident cannot have affected components.")
        if self.next_update_at is not None and (is_end or self.next_update_at <= at):
            raise RuleError(
                "nextUpdateAt",
                "The next update must be after this one, and a resolved incident has none.",
            )
        return at


class NoteIn(Camel):
    """A note for operators alone."""

    message: Words
    at: Instant | None = None


class UpdateOut(Camel):
    at: datetime
    status: Progress | None
    message: str
    translations: Shown
    is_public: bool
    author: str


class CaptureOut(Camel):
    id: str
    sha256: str
    captured_at: datetime


class IncidentOut(Camel):
    """An incident as the admin API answers it, both timelines the newest first."""

    reference: str
    title: str
    translations: Shown
    impact: ImpactLevel
    status: Progress
    components: list[Impact]
    audiences: list[Audience]
    started_at: datetime
    resolved_at: datetime | None
    next_update_at: datetime | None
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    root_cause_category: Category | None
    links: list[Link]
    updates: list[UpdateOut]
    notes: list[UpdateOut]
    captures: list[CaptureOut]
    version: int


def outs(
    session: Session, rows: list[Incident], captures: dict[int, list[Capture]] | None = None
) -> list[IncidentOut]:
    """The rows with their timelines as the API shows them, in three queries.

    In two where the `captures` have been read.
    """
    ids = [row.id for row in rows]
    updates, impacts = queries.updates_of(session, ids), queries.impacts_of(session, ids)
    captures = queries.captures_of(session, ids) if captures is None else captures
    return [
        _out(row, updates.get(row.id, []), impacts.get(row.id, []), captures.get(row.id, []))
        for row in rows
    ]


def out(session: Session, row: Incident) -> IncidentOut:
    """The row with its timelines as the API shows it."""
    return outs(session, [row])[0]


def _out(
    row: Incident, updates: list[IncidentUpdate], impacts: list[Impact], captures: list[Capture]
) -> IncidentOut:
    lines = [UpdateOut.of(one) for one in updates]
    return IncidentOut.of(
        row,
        components=impacts,
        updates=[one for one in lines if one.is_public],
        notes=[one for one in lines if not one.is_public],
        captures=[CaptureOut.of(one) for one in captures],
    )
