"""What the public would see of a form as it stands; nothing is stored."""

from collections.abc import Callable, Sequence
from typing import Any

from flask import request
from werkzeug.wrappers import Response

from portal.board.banners import Banner
from portal.errors import RuleError
from portal.notify import subscribers
from portal.status import templates
from portal.status.notices import SENT, Notice, NoticeKind
from portal.web import current, render
from portal.web.problems import Errors, Problem

# What a preview may be given besides its banner.
_NOTHING: dict[str, Any] = {
    "coming": [],
    "freezes": [],
    "is_planned": False,
    "when": "",
    "incident": None,
    "names": [],
}


def show(
    compose: Callable[[], tuple[Banner, dict[str, Any]]],
    kind: NoticeKind,
    *,
    is_by_button: bool = False,
) -> Response:
    """The banner that `compose` makes with what goes with it, or what keeps it from that.

    How many are told stands beside the form's button too, but for a preview that stands there.
    """
    banner: Banner | None = None
    context: dict[str, Any] = {}
    errors: Errors = {}
    try:
        banner, context = compose()
        with current().core.open_session() as session:
            templates.refuse_open_places(session, banner)
    except RuleError as error:
        errors = {error.field: [error.text]}
    except Problem as problem:
        errors = problem.errors or {}
    return render.panel(
        "parts/preview.html",
        banner=banner,
        errors=errors,
        recipients=None if errors else _recipients(kind, **_addressing(context)),
        zone=request.form.get("zone", "UTC"),
        is_by_button=is_by_button,
        **(_NOTHING | context),
    )


def _addressing(context: dict[str, Any]) -> dict[str, Any]:
    return {
        "components": context.pop("components", []),
        "channels": context.pop("channels", request.form.getlist("channels")),
        "audiences": context.pop("audiences", request.form.getlist("audiences")),
    }


def _recipients(
    kind: NoticeKind, components: Sequence[str], channels: Sequence[str], audiences: Sequence[str]
) -> int:
    """How many subscribers will be told of it."""
    draft = Notice(
        kind=kind.value,
        audiences=list(audiences),
        channels=[one for one in SENT if one in channels],
        components=list(components),
    )
    with current().core.open_session() as session:
        return sum(subscribers.told(session, draft).values())
