"""Blocks on the panel: their page, and one click on an offender."""

from flask import Blueprint, redirect, request
from werkzeug.wrappers import Response

from portal import clock, web
from portal.errors import RuleError
from portal.guard import blocks
from portal.guard.blocks import AlreadyBlockedError, BlockAct, BlockIn, BlockScope, Kind
from portal.web import render
from portal.web.panel import cards, forms, paging
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
        web.current().guard.blocks.add(forms.by(), new, caller=_address())
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
    if action == "remove":
        blocks_acts.remove(forms.by(), ref, reason="Removed from the panel")
        return _after_act()
    if action not in _REASONS:
        raise Problem(400, "The action must be extend, raise or remove.")
    asked = forms.read(
        BlockAct,
        action=action,
        duration=request.form.get("duration", ""),
        reason=request.form.get("reason", "") or _REASONS[action],
    )
    blocks_acts.act(forms.by(), ref, asked, caller=_address())
    return _after_act()


_REASONS = {"extend": "Extended from the panel", "raise": "Raised from the panel"}
_FIELDS = ("scope", "value", "kind", "duration", "reason")


def _page(errors: Errors, form: dict[str, str] | None = None, status: int = 200) -> Response:
    portal = web.current()
    now = clock.now()
    with portal.core.open_session() as session:
        start = paging.offset()
        rows, total = blocks.page(
            session, now=now, only_active=False, limit=paging.LIMIT, offset=start
        )
        shown = [blocks.out(row, now=now) for row in rows]
    return render.panel(
        "panel/blocks/list.html",
        status=status,
        blocks=shown,
        paged=paging.Section("offset", start, total),
        errors=errors,
        form=form or {},
        scopes=[one.value for one in BlockScope],
        kinds=[Kind.BAN.value, Kind.THROTTLE.value],
    )


def _after_act() -> Response:
    if request.headers.get("HX-Request"):
        return cards.show("perimeter")
    return redirect(
        "/panel/perimeter" if request.form.get("from") == "perimeter" else "/panel", 303
    )


def _address() -> str:
    return str(request.environ["portal.client"])
