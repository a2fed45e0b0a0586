"""Health for orchestrators and Prometheus: never limited, no cookie, never cached."""

import limits
from flask import Blueprint, Response, current_app, jsonify, request
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.openmetrics.exposition import CONTENT_TYPE_LATEST as OPEN_METRICS

from portal import clock, web
from portal.guard import address
from portal.runtime import exporter
from portal.runtime.exporter import Attempt
from portal.runtime.snapshot import Readiness
from portal.settings import ScraperToken
from portal.web import access
from portal.web.problems import Problem

blueprint = Blueprint("health", __name__, url_prefix="/health")
# A probe is never limited; but what it asks of the database is.
_LOOKS = limits.parse("60/minute")


@blueprint.get("")
def pointer() -> Response:
    """Where the others are."""
    prefix = web.current().core.settings.prefix
    paths = {name: f"{prefix}/health/{name}" for name in ("live", "ready", "startup", "metrics")}
    return _health({"status": "pass", "links": paths}, 200)


@blueprint.get("/live")
def live() -> Response:
    """200 while the process can answer; touches nothing else."""
    return _health({"status": "pass"}, 200)


@blueprint.get("/ready")
def ready() -> Response:
    """200, or 503 with the failing check."""
    checks = web.current().lifecycle.checks
    is_known = _is_known()
    refresh = request.args.get("refresh") == "true" and is_known
    return _readiness(checks.readiness(refresh=refresh), is_known)


@blueprint.get("/startup")
def startup() -> Response:
    """503 until the migrations were found at head."""
    if web.current().lifecycle.checks.is_started():
        return _health({"status": "pass"}, 200)
    return _health({"status": "fail", "notes": ["migrations are not at head"]}, 503)


@blueprint.get("/metrics")
def metrics() -> Response:
    """The feed: 404 without tokens, 401 without one, 403 with a wrong one."""
    portal = web.current()
    token = _scraper(portal.core.settings.metrics_tokens)
    collected = portal.runtime.feed.collect()
    is_open = "application/openmetrics-text" in request.headers.get("Accept", "")
    if web.changes_nothing():
        return Response(content_type=CONTENT_TYPE_LATEST)
    try:
        body = portal.runtime.exporter.scrape(
            token,
            address=request.environ["portal.client"],
            render=lambda before, after: portal.runtime.feed.text(
                collected, before, after, is_open=is_open
            ),
        )
    except OSError as error:
        raise Problem(503, "The run directory cannot be used.") from error
    response = Response(body, content_type=OPEN_METRICS if is_open else CONTENT_TYPE_LATEST)
    response.headers["Cache-Control"] = "no-store"
    return response


def _scraper(known: tuple[ScraperToken, ...]) -> ScraperToken:
    if not known:
        raise Problem(404, "There is nothing at this address.")
    kind, _, presented = request.headers.get("Authorization", "").strip().partition(" ")
    if kind.lower() != "bearer" or not presented.strip():
        _refused("missing", 401)
        raise Problem(
            401, "Send the token as Authorization: Bearer.", headers={"WWW-Authenticate": "Bearer"}
        )
    token = exporter.recognise(known, presented.strip())
    if token is None:
        _refused("invalid", 403)
        raise Problem(403, "This token is not valid for the metrics feed.")
    return token


def _refused(reason: str, status: int) -> None:
    portal = web.current()
    portal.runtime.counters.rejections.labels(reason).inc()
    said = "no token" if reason == "missing" else "wrong token"
    try:
        portal.runtime.exporter.note(
            Attempt(clock.now().timestamp(), request.environ["portal.client"], None, status, said)
        )
    except OSError:
        current_app.logger.warning("the run directory cannot be used")


def _is_known() -> bool:
    """Whether a token of ours was sent; beyond so many looks nobody is, and nothing is refused."""
    if "Authorization" not in request.headers:
        return False
    (limiter,) = current_app.extensions["limiter"]
    key = address.key_of(request.environ["portal.client"])
    try:
        may_look = limiter.limiter.hit(_LOOKS, "probe", key)
    except Exception:
        # Whatever the storage's client raises: a probe is answered all the same.
        may_look = False
    return may_look and access.has_valid_token()


def _readiness(readiness: Readiness, is_known: bool) -> Response:
    checks = {}
    for check in readiness.checks:
        told: dict[str, object] = {"status": check.status}
        if is_known:
            told |= {
                "output": check.output,
                "observedValue": check.observed_value,
                "observedUnit": check.observed_unit,
            }
        checks[check.name] = [told]
    status = 503 if readiness.status == "fail" else 200
    return _health({"status": readiness.status, "checks": checks}, status)


def _health(body: dict[str, object], status: int) -> Response:
    response = jsonify(body)
    response.status_code = status
    response.content_type = "application/health+json"
    response.headers["Cache-Control"] = "no-store"
    if status == 503:
        response.headers["Retry-After"] = "5"
    return response
