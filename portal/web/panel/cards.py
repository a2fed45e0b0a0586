"""The cards of the runtime panel, and the one poll that asks for those that have changed.

The page sends the version of each card that it shows and gets the others. A version covers all that
a card says, and leaves out what moves by itself: ages, which the page counts on, and form tokens.
A poll never extends a session.
"""

import hashlib
import re
import uuid
from dataclasses import dataclass

from flask import Blueprint, g, make_response, redirect, request
from markupsafe import Markup
from werkzeug.wrappers import Response

from portal import web
from portal.runtime.snapshot import Snapshot
from portal.web import render
from portal.web.panel.alert_groups import grouped
from portal.web.problems import Problem

blueprint = Blueprint("cards", __name__, url_prefix="/panel")

ALERTS = "alerts"
CARDS = (
    "actions",
    "exporter",
    "rate-limit",
    "perimeter",
    "waf",
    "maintenance",
    "workers",
    "database",
    "readiness",
    "security",
)
# Of the time of the answer nothing counts, of a time that ticks its instant, of a token its name.
_MOVING = re.compile(
    r"<time\b[^>]*\bdata-answered\b[^>]*>[^<]*</time>"
    r"|(?P<instant><time\b[^>]*\bdata-(?:age|lasting|until)\b[^>]*>)[^<]*</time>"
    r'|(?P<token>name="(?:csrf_token|key)" value=)"[^"]*"'
)


@dataclass(frozen=True)
class Card:
    """A part of the page that is swapped by itself; `version` moves when it says something else."""

    name: str
    version: str
    html: Markup

    @property
    def element(self) -> str:
        """The id of the element that it stands in."""
        return self.name if self.name == ALERTS else f"card-{self.name}"

    @property
    def mark(self) -> str:
        """What the page sends to say that it has this version."""
        return f"{self.name}.{self.version}"


@blueprint.get("/cards")
def poll() -> Response:
    """The cards that the page has not got in this version; 204 when it has them all."""
    found = _changed(web.current().shared.recent())
    if found:
        return render.panel("parts/changed.html", cards=found)
    return render.uncached(make_response("", 204))


@blueprint.get("/cards/<name>")
def card(name: str) -> Response:
    if name not in CARDS:
        raise Problem(404, "There is no such card.")
    return show(name)


@blueprint.get("/alerts")
def alerts() -> Response:
    return show(ALERTS)


def show(name: str) -> Response:
    """A card as it is now."""
    found = _card(name, web.current().shared.fresh())
    return render.panel("parts/card.html", card=found)


def after_act(then: str = "/panel") -> Response:
    """The answer to an act: htmx gets the cards that have changed, a plain form goes on."""
    if not request.headers.get("HX-Request"):
        return redirect(then, 303)
    found = _changed(web.current().shared.fresh())
    return render.panel("parts/changed.html", cards=found, toast=g.get("toast"))


def _changed(snapshot: Snapshot) -> list[Card]:
    """The cards that the page does not have in this version."""
    held = request.values.getlist("have")
    return [one for one in shown(snapshot) if one.mark not in held]


def shown(snapshot: Snapshot) -> list[Card]:
    """All that the panel polls for, the alerts first."""
    return [_card(name, snapshot) for name in (ALERTS, *CARDS)]


def _card(name: str, snapshot: Snapshot) -> Card:
    folder = "parts" if name == ALERTS else "parts/cards"
    html = render.text(
        f"{folder}/{name.replace('-', '_')}.html",
        snapshot=snapshot,
        groups=grouped(snapshot.alerts) if name == ALERTS else None,
        key=str(uuid.uuid4()),
    )
    still = _MOVING.sub(lambda found: found["instant"] or found["token"] or "", html)
    version = hashlib.blake2b(still.encode(), digest_size=6).hexdigest()
    # Templates escape what they are given; what they render is HTML.
    return Card(name, version, Markup(html))  # noqa: S704
