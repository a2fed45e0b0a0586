"""Flask-Limiter's own object, whose strategy and storage the chain counts with."""

from flask import Flask, request
from flask_limiter import Limiter

from portal.guard import address
from portal.guard.storage import SCHEME
from portal.settings import Settings


def _client_key() -> str:
    """The client as the chain knows it: behind a proxy, every peer is the proxy."""
    return address.key_of(request.environ["portal.client"])


def of(app: Flask, settings: Settings) -> Limiter:
    """The library's limiter, for the chain's limit and for those of single routes."""
    limiter = Limiter(
        _client_key,
        storage_uri=settings.redis_url or f"{SCHEME}://",
        # mypy: the library types these as whole numbers, redis takes fractions.
        storage_options=(
            {"socket_connect_timeout": 0.2, "socket_timeout": 0.2}  # type: ignore[dict-item]
            if settings.redis_url
            else {}
        ),
        strategy="fixed-window",
        # Redis gone: sign-in has its own throttle in the database beside this limit.
        swallow_errors=True,
    )
    # Named before it is put on, so that it adds no hooks: those ask for limits on every request,
    # a fifth of its time, while the chain has counted it and limited routes ask for themselves.
    app.extensions["limiter"] = {limiter}
    limiter.init_app(app)
    return limiter
