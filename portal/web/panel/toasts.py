"""What is true after an act, said once in a toast, with Undo where it can be taken back.

An undo posts a signed note of what was there before: only who acted can post it, for half a minute
at most, and only while nobody else has changed the row. An answer to htmx holds its toast; a
redirect leaves it to the next page.
"""

from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Generic, TypeVar

from flask import flash, g, request
from itsdangerous import BadSignature, URLSafeSerializer

from portal import clock
from portal.schemas import Before
from portal.unit_of_work import UNDO_WITHIN, By, Versioned
from portal.web import access, current
from portal.web.problems import Problem

# With twenty seconds for a slow connection or a slow hand, beyond those for which it is offered.
_TAKEN_WITHIN = UNDO_WITHIN + timedelta(seconds=20)

B = TypeVar("B", bound=Before)


@dataclass(frozen=True)
class Undo:
    """Where to post, and what."""

    path: str
    note: str


@dataclass(frozen=True)
class Posted(Generic[B]):
    """What an undo brings back, and as whose act; `before` is None where there was nothing."""

    by: By
    before: B | None


def say(text: str, undo: Undo | None = None) -> None:
    """Say one sentence after the act of this request."""
    toast = {"text": text, "undo": asdict(undo) if undo else None}
    if request.headers.get("HX-Request"):
        g.toast = toast
    else:
        flash(toast)  # type: ignore[arg-type]


def undo_of(path: str, version: int, before: Before | None) -> Undo:
    """How to undo an act that left this version: back to what was before it."""
    stored = before.model_dump(mode="json") if before else None
    note = {
        "path": path,
        "actor": access.caller().actor,
        "version": version,
        "before": stored,
        "at": clock.now().timestamp(),
    }
    return Undo(path, str(_signer().dumps(note)))


def say_of_change(text: str, path: str, row: Versioned, before: Before, *, version: int) -> None:
    """Say it, with the way back to `before`, which was `version`.

    What another one did in between is not ours to take back: then there is none.
    """
    is_ours = row.version == version + 1
    say(text, undo_of(path, row.version, before) if is_ours else None)


def posted(model: type[B]) -> Posted[B]:
    """The note that was posted to this path; Problem 410 when it is too late."""
    try:
        note = _signer().loads(request.form.get("note", ""))
    except BadSignature:
        raise Problem(400, "The form is invalid. Reload the page.") from None
    # Whichever way the clock was set meanwhile.
    if abs(clock.now() - clock.at(note["at"])) > _TAKEN_WITHIN:
        raise Problem(410, "It is too late to undo this.")
    actor = access.caller().actor
    if (note["path"], note["actor"]) != (request.path, actor):
        raise Problem(400, "The form is invalid. Reload the page.")
    before = model.model_validate(note["before"]) if note["before"] else None
    return Posted(By(actor, version=note["version"]), before)


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(current().core.secret_keys[0], salt="undo")
