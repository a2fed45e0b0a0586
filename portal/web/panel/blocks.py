"""Blocks on the panel: their page, and one click on an offender."""

from flask import Blueprint, request
from werkzeug.wrappers import Response

from portal import clock, web
from portal.errors import NotFoundError, RuleError, found
from portal.guard import blocks
from portal.guard.blocks import (
    AlreadyBlockedError,
    Block,
    BlockAct,
    BlockBefore,
    BlockIn,
    BlockScope,
    Kind,
)
from portal.web import dates, render
from portal.web.panel import cards, filters, forms, paging, toasts
from portal.web.problems import Errors, Problem

blueprint = Blueprint("blocks", __name__, url_prefix="/panel")

_FROM_PANEL = "Blocked from the panel"


@blueprint.get("/perimeter")
def listing() -> Response:
    """All blocks, and the form for a new one."""
    return _page({})


@blueprint.post("/blocks")
def block() -> Response:
    """A new block, from the form or with one click on an offender."""
    form = {name: request.form.get(name, "").strip() for name in _FIELDS}
    values = {name: value for name, value in form.items() if value}
    if request.form.get("force") == "on":
        values["force"] = "true"
    if "scope" in values and values["scope"] == "key" and values.get("value", "").startswith("ip:"):
        # An offender is listed by its key; what is blocked is the address.
        values["scope"], values["value"] = "ip", values["value"].removeprefix("ip:")
    values.setdefault("reason", _FROM_PANEL)
    new = forms.read(BlockIn, **values)
    try:
        row = web.current().guard.blocks.add(forms.by(), new, caller=_address())
        path = f"{_PATH}/{row.id}/undo"
        toasts.say(_sentence(row), toasts.undo_of(path, row.version, _removed(row)))
    except RuleError as error:
        if request.headers.get("HX-Request"):
            raise
        return _page({error.field: [error.text]}, form=form, status=422)
    except AlreadyBlockedError:
        # A second click on the same offender finds done what it wanted.
        if not request.headers.get("HX-Request"):
            raise
    return _after_act()


@blueprint.post("/blocks/<ref>/act")
def act(ref: str) -> Response:
    """Extend, raise or remove."""
    action = request.form.get("action", "")
    blocks_acts = web.current().guard.blocks
    with web.current().core.open_session() as session:
        shown = found(blocks.find(session, ref))
        version, before = shown.version, BlockBefore.of(shown)
    if action == "remove":
        row = blocks_acts.remove(forms.by(), ref, reason="Removed from the panel")
        _say(row, version, before)
        return _after_act()
    if action not in _REASONS:
        raise Problem(400, "The action must be extend, raise or remove.")
    asked = forms.read(
        BlockAct,
        action=action,
        duration=request.form.get("duration", ""),
        reason=request.form.get("reason", "") or _REASONS[action],
    )
    _say(blocks_acts.act(forms.by(), ref, asked, caller=_address()), version, before)
    return _after_act()


@blueprint.post("/blocks/removal")
def remove_several() -> Response:
    """Lift the chosen ones; those that are gone already are what was wanted."""
    chosen = request.form.getlist("block")[: paging.LIMIT]
    if not chosen:
        raise Problem(422, "Choose the blocks to remove.")
    number = 0
    for ref in chosen:
        try:
            web.current().guard.blocks.remove(forms.by(), ref, reason="Removed from the panel")
            number += 1
        except (NotFoundError, RuleError):
            continue
    toasts.say(f"{number} of {len(chosen)} blocks removed.")
    return _after_act()


@blueprint.post("/blocks/<ref>/undo")
def undo(ref: str) -> Response:
    """Take back the last act on a block."""
    note = toasts.posted(BlockBefore)
    assert note.before is not None
    row = web.current().guard.blocks.undo(note.by, ref, note.before)
    toasts.say(f"Undone. {_sentence(row)}")
    return _after_act()


_PATH = "/panel/blocks"
_REASONS = {"extend": "Extended from the panel", "raise": "Raised from the panel"}
_FIELDS = ("scope", "value", "kind", "duration", "reason")


def _page(errors: Errors, form: dict[str, str] | None = None, status: int = 200) -> Response:
    portal = web.current()
    now = clock.now()
    with portal.core.open_session() as session:
        start, asked = paging.offset(), filters.asked(blocks.PARTS)
        rows, total = blocks.page(
            session,
            now=now,
            only_active=False,
            limit=paging.LIMIT,
            offset=start,
            choice=asked.choice,
        )
        shown = [blocks.out(row, now=now) for row in rows]
    return render.panel(
        "panel/blocks/list.html",
        status=status,
        blocks=shown,
        asked=asked,
        states=blocks.PARTS,
        paged=paging.Section("offset", start, total),
        errors=errors,
        form=form or {},
        scopes=[one.value for one in BlockScope],
        kinds=[Kind.BAN.value, Kind.THROTTLE.value],
    )


def _after_act() -> Response:
    return cards.after_act(
        "/panel/perimeter" if request.form.get("from") == "perimeter" else "/panel"
    )


def _say(row: Block, version: int, before: BlockBefore) -> None:
    path = f"{_PATH}/{row.id}/undo"
    toasts.say_of_change(_sentence(row), path, row, before, version=version)


def _sentence(row: Block) -> str:
    """What is true of a block now."""
    if row.is_active(clock.now()):
        how = "blocked" if row.kind == Kind.BAN else "throttled"
        return f"{row.value} is {how} until {dates.stamp(row.until)}."
    return f"{row.value} is not blocked."


def _removed(row: Block) -> BlockBefore:
    """What undoing a new block leaves: one that was removed at once."""
    return BlockBefore.of(row, removed_at=clock.now())


def _address() -> str:
    return str(request.environ["portal.client"])
