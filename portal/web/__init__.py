"""The portal over HTTP: public pages, panel, API, probes, and who may do what."""

from typing import TYPE_CHECKING

from flask import current_app, request

if TYPE_CHECKING:
    from portal.rooms import Portal


def changes_nothing() -> bool:
    """Whether this request may leave no trace in the database: HEAD and OPTIONS."""
    return request.method == "OPTIONS" or "portal.is_head" in request.environ


def current() -> "Portal":
    """The rooms of the app that answers this request."""
    found: Portal = current_app.extensions["portal"]
    return found
