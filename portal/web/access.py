"""Who may: one table over every endpoint; what is not in it is refused."""

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from flask import g, redirect, request, session
from flask_login import current_user
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.wrappers import Response

from portal import clock, durations, web
from portal.accounts import roles, tokens
from portal.accounts.operators import Operator
from portal.accounts.roles import Role, Scope
from portal.extensions import csrf
from portal.web import problems
from portal.web.problems import Problem

PUBLIC = "public"

# endpoint -> PUBLIC, or the scope that a token or a person's role must have.
TABLE: dict[str, str | Scope] = {
    "static": PUBLIC,
    "openapi.spec": PUBLIC,
    "public.page": PUBLIC,
    "public.docs": PUBLIC,
    "public.banner": PUBLIC,
    "public.maintenance": PUBLIC,
    "public.status": PUBLIC,
    "public.document": PUBLIC,
    "public.statuspage": PUBLIC,
    "records.incident": PUBLIC,
    "records.window": PUBLIC,
    "records.history": PUBLIC,
    "subscriptions.ask": PUBLIC,
    "subscriptions.sent": PUBLIC,
    "subscriptions.confirm": PUBLIC,
    "subscriptions.manage": PUBLIC,
    "subscriptions.end": PUBLIC,
    "health.pointer": PUBLIC,
    "health.live": PUBLIC,
    "health.ready": PUBLIC,
    "health.startup": PUBLIC,
    "health.metrics": PUBLIC,
    "accounts.sign_in": PUBLIC,
    "accounts.first_run": PUBLIC,
    "accounts.sign_out": Scope.RUNTIME_READ,
    "panel.runtime": Scope.RUNTIME_READ,
    "panel.runbook": Scope.RUNTIME_READ,
    "panel.export": Scope.RUNTIME_READ,
    "panel.audit": Scope.AUDIT_READ,
    "cards.card": Scope.RUNTIME_READ,
    "cards.alerts": Scope.RUNTIME_READ,
    "maintenance.listing": Scope.MAINTENANCE_READ,
    "windows.start_now": Scope.MAINTENANCE_WRITE,
    "windows.new": Scope.MAINTENANCE_WRITE,
    "windows.create": Scope.MAINTENANCE_WRITE,
    "windows.one": Scope.MAINTENANCE_WRITE,
    "windows.edit": Scope.MAINTENANCE_WRITE,
    "windows.act": Scope.MAINTENANCE_WRITE,
    "announcements.new": Scope.MAINTENANCE_WRITE,
    "announcements.create": Scope.MAINTENANCE_WRITE,
    "announcements.one": Scope.MAINTENANCE_WRITE,
    "announcements.edit": Scope.MAINTENANCE_WRITE,
    "announcements.set_status": Scope.MAINTENANCE_WRITE,
    "windows.show_preview": Scope.MAINTENANCE_WRITE,
    "announcements.show_preview": Scope.MAINTENANCE_WRITE,
    "runtime_api.health": Scope.RUNTIME_READ,
    "runtime_api.export": Scope.RUNTIME_READ,
    "runtime_api.audit": Scope.AUDIT_READ,
    "alerts_api.receive": Scope.ALERTS_PUSH,
    "workers_api.listing": Scope.RUNTIME_READ,
    "workers_api.report": Scope.WORKERS_PUSH,
    "blocks_api.listing": Scope.PERIMETER_READ,
    "blocks_api.create": Scope.PERIMETER_WRITE,
    "blocks_api.one": Scope.PERIMETER_READ,
    "blocks_api.act": Scope.PERIMETER_WRITE,
    "blocks_api.remove": Scope.PERIMETER_WRITE,
    "perimeter.listing": Scope.PERIMETER_READ,
    "perimeter.block": Scope.PERIMETER_WRITE,
    "perimeter.act": Scope.PERIMETER_WRITE,
    "runtime_api.schema": PUBLIC,
    "runtime_api.drain": Scope.LIFECYCLE_WRITE,
    "announcements_api.listing": Scope.MAINTENANCE_READ,
    "announcements_api.create": Scope.MAINTENANCE_WRITE,
    "announcements_api.one": Scope.MAINTENANCE_READ,
    "announcements_api.replace": Scope.MAINTENANCE_WRITE,
    "announcements_api.change_status": Scope.MAINTENANCE_WRITE,
    "windows_api.listing": Scope.MAINTENANCE_READ,
    "windows_api.create": Scope.MAINTENANCE_WRITE,
    "windows_api.one": Scope.MAINTENANCE_READ,
    "windows_api.replace": Scope.MAINTENANCE_WRITE,
    "windows_api.act": Scope.MAINTENANCE_WRITE,
    "windows_api.cancel": Scope.MAINTENANCE_WRITE,
    "incidents.listing": Scope.INCIDENTS_READ,
    "incidents.new": Scope.INCIDENTS_WRITE,
    "incidents.create": Scope.INCIDENTS_WRITE,
    "incidents.one": Scope.INCIDENTS_READ,
    "incidents.update": Scope.INCIDENTS_WRITE,
    "incidents.note": Scope.INCIDENTS_WRITE,
    "incidents.acknowledge": Scope.INCIDENTS_WRITE,
    "incidents.capture": Scope.INCIDENTS_WRITE,
    "retrospectives.one": Scope.INCIDENTS_WRITE,
    "retrospectives.save": Scope.INCIDENTS_WRITE,
    "components.listing": Scope.INCIDENTS_READ,
    "components.create": Scope.INCIDENTS_WRITE,
    "components.one": Scope.INCIDENTS_WRITE,
    "components.edit": Scope.INCIDENTS_WRITE,
    "components.set_state": Scope.INCIDENTS_WRITE,
    "components.remove": Scope.INCIDENTS_WRITE,
    "incidents_api.listing": Scope.INCIDENTS_READ,
    "incidents_api.create": Scope.INCIDENTS_WRITE,
    "incidents_api.one": Scope.INCIDENTS_READ,
    "incidents_api.replace": Scope.INCIDENTS_WRITE,
    "incidents_api.update": Scope.INCIDENTS_WRITE,
    "incidents_api.note": Scope.INCIDENTS_WRITE,
    "incidents_api.acknowledge": Scope.INCIDENTS_WRITE,
    "incidents_api.capture": Scope.INCIDENTS_WRITE,
    "incidents_api.captured": Scope.INCIDENTS_READ,
    "incidents_api.findings_of": Scope.INCIDENTS_READ,
    "incidents_api.prepared": Scope.INCIDENTS_READ,
    "alerts_api.offer": Scope.INCIDENTS_READ,
    "retrospectives_api.one": Scope.INCIDENTS_READ,
    "retrospectives_api.save": Scope.INCIDENTS_WRITE,
    "retrospectives_api.export": Scope.INCIDENTS_READ,
    "components_api.listing": Scope.INCIDENTS_READ,
    "components_api.create": Scope.INCIDENTS_WRITE,
    "components_api.replace": Scope.INCIDENTS_WRITE,
    "components_api.remove": Scope.INCIDENTS_WRITE,
    "components_api.set_state": Scope.INCIDENTS_WRITE,
    "series_api.listing": Scope.MAINTENANCE_READ,
    "series_api.create": Scope.MAINTENANCE_WRITE,
    "series_api.preview": Scope.MAINTENANCE_READ,
    "series_api.approve": Scope.MAINTENANCE_WRITE,
    "series.approve": Scope.MAINTENANCE_WRITE,
    "freezes.add": Scope.MAINTENANCE_WRITE,
    "freezes.remove": Scope.MAINTENANCE_WRITE,
    "freezes_api.listing": Scope.MAINTENANCE_READ,
    "freezes_api.create": Scope.MAINTENANCE_WRITE,
    "freezes_api.remove": Scope.MAINTENANCE_WRITE,
    "series_api.one": Scope.MAINTENANCE_READ,
    "series_api.cancel": Scope.MAINTENANCE_WRITE,
    "series.cancel": Scope.MAINTENANCE_WRITE,
    "templates_api.listing": Scope.MAINTENANCE_READ,
    "templates_api.save": Scope.MAINTENANCE_WRITE,
    "notifications_api.listing": Scope.MAINTENANCE_READ,
    "notifications_api.notify": Scope.MAINTENANCE_WRITE,
    "notifications_api.dead": Scope.MAINTENANCE_READ,
    "notifications_api.retry": Scope.MAINTENANCE_WRITE,
    "notifications_api.listing_subscribers": Scope.MAINTENANCE_WRITE,
    "notifications_api.add": Scope.MAINTENANCE_WRITE,
    "notifications_api.remove": Scope.MAINTENANCE_WRITE,
    "notifications.listing": Scope.MAINTENANCE_READ,
    "notifications.new": Scope.MAINTENANCE_WRITE,
    "notifications.retry": Scope.MAINTENANCE_WRITE,
    "notifications.add_webhook": Scope.MAINTENANCE_WRITE,
    "notifications.remove": Scope.MAINTENANCE_WRITE,
}

# Forms of people without a session: there is no standing that a foreign page could misuse.
WITHOUT_SESSION = {
    "subscriptions.ask",
    "subscriptions.confirm",
    "subscriptions.manage",
    "subscriptions.end",
}
_UNSAFE = {"POST", "PUT", "PATCH", "DELETE"}


@dataclass(frozen=True)
class Caller:
    """Who acts: a token's or a person's name as the audit log writes it."""

    actor: str
    scopes: frozenset[Scope]
    operator: Operator | None = None


def guard() -> Response | None:
    """Before every request: find the caller and hold it against the table."""
    endpoint = request.endpoint
    if endpoint is None:
        return None  # no such path: Flask answers 404 or 405
    unavailable = getattr(session, "unavailable", None)
    if unavailable is not None:
        raise problems.of_database(unavailable)
    _turn_away_unless_signed_in()
    needed = TABLE.get(endpoint)
    if needed is None:
        raise Problem(404, "There is nothing here.")
    if needed == PUBLIC:
        if request.method in _UNSAFE:
            _check_site()
            if endpoint not in WITHOUT_SESSION:
                csrf.protect()
        return None
    caller = _by_token() if "Authorization" in request.headers else _by_session()
    if caller is None:
        return _ask_to_sign_in()
    if needed not in caller.scopes:
        raise Problem(403, f"This takes the permission {needed}, which you do not have.")
    if caller.operator is not None and request.method in _UNSAFE:
        _check_site()
        csrf.protect()
    g.caller = caller
    return None


def _turn_away_unless_signed_in() -> None:
    """A blocked address is open to operators who are signed in, and to nobody else."""
    denied = request.environ.get("portal.denied")
    if denied is None or current_user.is_authenticated:
        return
    now = clock.now()
    seconds = denied.retry_after(now.timestamp())
    web.current().guard.perimeter.refused(
        denied, client=request.environ["portal.client"], route=f"{request.method} /panel", now=now
    )
    raise Problem(
        403,
        f"This address is blocked for another {durations.spoken(seconds)}.",
        headers={"Retry-After": str(seconds)},
    )


def caller() -> Caller:
    """The caller that `guard` let pass."""
    found: Caller = g.caller
    return found


def reader() -> Caller | None:
    """Who reads a public path with a token or a session, if anyone; a bad token is refused."""
    return _by_token() if "Authorization" in request.headers else _by_session()


def has_valid_token() -> bool:
    """Whether a probe sent a token of ours; a probe is never refused for a wrong one."""
    if "Authorization" not in request.headers:
        return False
    try:
        return bool(_by_token())
    except (Problem, SQLAlchemyError):
        return False


def _by_token() -> Caller:
    kind, _, text = request.headers["Authorization"].strip().partition(" ")
    now: datetime = clock.now()
    if kind.lower() == "bearer" and text.strip():
        with web.current().core.open_session() as store:
            token = tokens.find(store, text.strip(), now=now)
            if token is not None:
                return Caller(
                    f"token:{token.name}", frozenset(Scope(scope) for scope in token.scopes)
                )
    raise Problem(
        401,
        "The token is not known, has expired or was revoked.",
        headers={"WWW-Authenticate": "Bearer"},
    )


def _by_session() -> Caller | None:
    if not current_user.is_authenticated:
        return None
    operator: Operator = current_user.row
    role = Role(operator.role)
    return Caller(
        operator.name, frozenset(scope for scope in Scope if roles.allows(role, scope)), operator
    )


def _ask_to_sign_in() -> Response:
    if request.path.startswith("/api/"):
        raise Problem(
            401,
            "Send a token as Authorization: Bearer, or sign in to the panel.",
            headers={"WWW-Authenticate": "Bearer"},
        )
    if request.headers.get("HX-Request"):
        raise Problem(401, "You are signed out.", headers={"HX-Redirect": "/panel/login"})
    target = request.full_path.rstrip("?") if request.method == "GET" else "/panel"
    return redirect(f"/panel/login?next={quote(target)}")


def _check_site() -> None:
    # Browsers name the site that a request comes from; a foreign one is not even looked at.
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in {"same-origin", "none"}:
        raise Problem(403, "This request comes from another site.")
