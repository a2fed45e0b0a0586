"""The cards of the runtime panel, and the one poll that asks for those that have changed.

The page sends the version of each card that it shows and gets the others. A version covers all that
a card says, and leaves out what moves by itself: ages, which the page counts on, and form tokens.
A poll never extends a session.
"""

import hashlib
import re
from dataclasses import dataclass

from flask import Blueprint, Response, request
from markupsafe import Markup

from portal import web
from portal.runtime.snapshot import Snapshot
from portal.web import render
from portal.web.problems import Problem

blueprint = Blueprint("cards", __name__, url_prefix="/panel")

ALERTS = "alerts"
CARDS = (
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
    r'|(?P<token>name="csrf_token" value=)"[^"]*"'
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
    held = request.args.getlist("have")
    changed = [one for one in shown(web.current().shared.recent()) if one.mark not in held]
    if changed:
        return render.panel("parts/changed.html", cards=changed)
    return render.uncached(Response(status=204))


@blueprint.get("/cards/<name>")
def card(name: str) -> Response:
    if name not in CARDS:
        raise Problem(404, "There is no such card.")
    return show(name)


@blueprint.get("/alerts")
def alerts() -> Response:
    return show(ALERTS)


def show(name: str) -> Response:
    """A card as it is now, as the answer to an act."""
    found = _card(name, web.current().shared.fresh())
    return render.panel("parts/card.html", card=found)


def shown(snapshot: Snapshot) -> list[Card]:
    """All that the panel polls for, the alerts first."""
    return [_card(name, snapshot) for name in (ALERTS, *CARDS)]


def _card(name: str, snapshot: Snapshot) -> Card:
    folder = "parts" if name == ALERTS else "parts/cards"
    html = render.text(f"{folder}/{name.replace('-', '_')}.html", snapshot=snapshot)
    still = _MOVING.sub(lambda found: found["instant"] or found["token"] or "", html)
    version = hashlib.blake2b(still.encode(), digest_size=6).hexdigest()
    # Templates escape what they are given; what they render is HTML.
    return Card(name, version, Markup(html))  # noqa: S704
