"""The portal over HTTP: public pages, panel, API, probes, and who may do what."""

from typing import TYPE_CHECKING

from flask import current_app

if TYPE_CHECKING:
    from portal.rooms import Portal


def current() -> "Portal":
    """The rooms of the app that answers this request."""
    found: Portal = current_app.extensions["portal"]
    return found
