"""A site to make documents of, an update of an incident, and all documents at once."""

import json
from datetime import timedelta
from typing import Any

from portal.board import statuspage
from portal.board.picture import Picture
from portal.board.site import Site
from tests.instants import NOW

SITE = Site("Sïte", "https://status.example")
BARE = Site("Site", "")
ATOM = "{http://www.w3.org/2005/Atom}"


def update(minutes: int, message: str, status: str = "identified") -> dict[str, Any]:
    return {
        "at": NOW - timedelta(minutes=minutes),
        "status": status,
        "message": message,
        "message_html": f"<p>{message}</p>",
    }


def whole(shown: Picture, path: str = "summary") -> dict[str, Any]:
    _, body = statuspage.documents(SITE)[f"/api/v2/{path}.json"](shown)
    found: dict[str, Any] = json.loads(body)
    return found
