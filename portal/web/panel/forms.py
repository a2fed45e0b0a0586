"""What the panel's forms have in common: reading a model, one use of a key, the three answers."""

import uuid
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from typing import Any, Protocol, TypeVar
from zoneinfo import ZoneInfo

from flask import redirect, request
from pydantic import BaseModel, ValidationError
from werkzeug.wrappers import Response

from portal.errors import RuleError, StaleVersionError
from portal.status.terms import Audience, Channel
from portal.status.windows import zones
from portal.store import idempotency
from portal.store.idempotency import IdempotencyKey, StoredResponse
from portal.unit_of_work import By
from portal.web import access, current, problems
from portal.web.problems import Errors, Problem

_TRANSLATIONS = "translations."
DELIVERED = {Channel.WEB, Channel.MOBILE, Channel.EMAIL, Channel.API}
Model = TypeVar("Model", bound=BaseModel)
Made = TypeVar("Made")


class Again(Protocol):
    """Shows the form again with what was typed, and what is wrong with it."""

    def __call__(self, *, errors: Errors, status: int) -> Response: ...


def submit(
    act: Callable[[By], Any],
    *,
    then: str | Callable[[str], str],
    again: Again,
    say: Callable[[Any], object],
    is_new: bool = False,
    can_undo: bool = False,
) -> Response:
    """Do it, `say` what is true now, and go on.

    `then` is a path, or what makes one from the reference of what is there now. A form that is
    invalid (422) or stale (412) is shown again with what was typed.
    """
    try:
        if is_new:
            reference = once(act, say=say, can_undo=can_undo)
        else:
            done = act(by(can_undo=can_undo))
            reference = _reference(done)
            say(done)
    except RuleError as error:
        return again(errors={error.field: [error.text]}, status=422)
    except StaleVersionError:
        return again(
            errors={
                "version": ["Someone else changed this in the meantime. Your text is still here."]
            },
            status=412,
        )
    except Problem as problem:
        if problem.errors is None:
            raise
        return again(errors=problem.errors, status=problem.status)
    return redirect(then(reference) if callable(then) else then, 303)


def shown_again(
    form: Callable[..., Response], ref: str | None = None, stored: Any = None, **context: Any
) -> Again:
    """Show `form` once more as it was sent; a stale one with what is stored beside it."""

    def again(*, errors: Errors, status: int) -> Response:
        conflict = stored if status == 412 else None
        return form(
            values(),
            status=status,
            ref=ref,
            version=conflict.version if conflict else by().version,
            errors={} if conflict else errors,
            conflict=conflict,
            audiences=request.form.getlist("audiences"),
            channels=request.form.getlist("channels"),
            **context,
        )

    return again


def attempt(make: Callable[[], Made]) -> tuple[Made | None, Errors]:
    """What comes of it, or the fields that keep it from that."""
    try:
        return make(), {}
    except RuleError as error:
        return None, {error.field: [error.text]}
    except Problem as problem:
        if problem.errors is None:
            raise
        return None, problem.errors


def once(act: Callable[[By], Any], *, say: Callable[[Any], object], can_undo: bool = False) -> str:
    """Do it unless the same form, by the key in it, did so before; gives the reference."""
    text = request.form.get("key", "")
    if not 8 <= len(text) <= 100:
        raise Problem(400, "The form is incomplete. Reload the page.")
    # Two forms of one operator may hold the same text, never the same key.
    key = IdempotencyKey(f"form {text}", text.encode(), lambda row: {"ref": _reference(row)})
    who = By(access.caller().actor, key=key, can_undo=can_undo)
    done = idempotency.once(current().core.open_session, key, lambda: act(who))
    if isinstance(done, StoredResponse):
        return str(done.body.get("ref", ""))
    say(done)
    return _reference(done)


def _reference(row: Any) -> str:
    return str(getattr(row, "reference", ""))


def by(*, can_undo: bool = False) -> By:
    """Whose act it is, from the version that the form was filled in from."""
    text = request.form.get("version", "")
    if text and not (text.isascii() and text.isdigit() and len(text) < 10):
        raise Problem(400, "The form is invalid. Reload the page.")
    return By(access.caller().actor, version=int(text) if text else None, can_undo=can_undo)


def new_key() -> str:
    """The key of a form that is shown: its own one still when it is shown again."""
    return request.form.get("key") or str(uuid.uuid4())


def read(model: type[Model], **values: Any) -> Model:
    """The posted values as a model; Problem 422 names every field that is not right."""
    wrong = {name: [str(value)] for name, value in values.items() if isinstance(value, ValueError)}
    try:
        found = model.model_validate(
            {name: None if name in wrong else value for name, value in values.items()}
        )
    except ValidationError as error:
        wrong = problems.field_errors(error) | wrong
    if wrong:
        raise Problem(422, "Some fields are invalid.", errors=wrong)
    return found


def text(name: str, default: str = "") -> str:
    """A field as it was typed, with line ends as they are stored."""
    return request.form.get(name, default).replace("\r\n", "\n")


def translations() -> dict[str, dict[str, str]] | None:
    """What was typed by language and part; None from a form that has no fields for it."""
    names = [name for name in request.form if name.startswith(_TRANSLATIONS)]
    found: dict[str, dict[str, str]] = {}
    for name in names:
        language, _, part = name.removeprefix(_TRANSLATIONS).partition(".")
        if typed := text(name).strip():
            found.setdefault(language, {})[part] = typed
    return found if names else None


def of_translations(texts: Mapping[Any, Mapping[Any, str]]) -> dict[str, str]:
    """The same as fields hold it."""
    return {
        f"{_TRANSLATIONS}{language}.{part}": said
        for language, parts in texts.items()
        for part, said in parts.items()
    }


def values() -> dict[str, str]:
    """All fields as they were typed, to be shown again."""
    return request.form.to_dict()


def clock_time(name: str) -> datetime | ValueError | None:
    """A date and time as it was typed, most often naive; None when empty, or what is wrong."""
    typed = request.form.get(name, "").strip()
    try:
        return datetime.fromisoformat(typed) if typed else None
    except ValueError:
        return ValueError("Enter a date and time, such as 2030-01-31T22:00.")


def instant(name: str, zone: str = "UTC") -> datetime | ValueError | None:
    """A date and time on the clocks of `zone`; None when empty, the error for `read` otherwise."""
    moment = clock_time(name)
    if not isinstance(moment, datetime) or moment.tzinfo is not None:
        return moment
    # A zone that is none is the model's to refuse.
    known = zones().get(zone.casefold())
    return moment.replace(tzinfo=ZoneInfo(known) if known else UTC)


def in_field(moment: datetime | None, zone: str = "UTC") -> str:
    """An instant as a `datetime-local` field holds it: minutes on the clocks of `zone`."""
    return f"{moment.astimezone(ZoneInfo(zone)):%Y-%m-%dT%H:%M}" if moment else ""


_SPAN = {"startsAt": "starts_at", "endsAt": "ends_at"}


def keep_untouched(
    content: Any, stored: Any, zone: str = "UTC", *, fields: Mapping[str, str] = _SPAN
) -> None:
    """Give `fields` their stored instants where the form was left as it was filled in.

    A field has neither the seconds of an instant nor, in the hour that a change of the clocks
    doubles, which of the two it is.
    """
    for field, name in fields.items():
        instant = getattr(stored, name)
        if request.form.get(field, "") == in_field(instant, zone):
            setattr(content, name, instant)


def audiences(chosen: Collection[str]) -> list[Audience]:
    """What the form offers: some, by the settings, and what was chosen elsewhere."""
    offered = current().core.settings.audiences
    return [one for one in Audience if one in offered or one in chosen]


def channels(chosen: Collection[str]) -> list[Channel]:
    """What the form offers: those by which the portal delivers, and what was chosen elsewhere."""
    return [one for one in Channel if one in DELIVERED or one in chosen]


def impacts() -> dict[str, str]:
    """What the form says of each component; unknown words are the model's to refuse."""
    return {
        name.removeprefix("impact-"): value
        for name, value in request.form.items()
        if name.startswith("impact-") and value
    }
