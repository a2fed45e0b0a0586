"""The portal over HTTP: public pages, panel, API, probes, and who may do what."""

from flask import current_app

from portal import rooms


def current() -> rooms.Portal:
    """The rooms of the app that answers this request."""
    return rooms.of(current_app)
