"""Who asks, and whether they may: the guard in front of every view."""

from datetime import datetime
from urllib.parse import quote, urlsplit

from flask import current_app, g, redirect, request, session
from flask_login import current_user
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.wrappers import Response

from portal import clock, durations, web
from portal.accounts import roles, tokens
from portal.accounts.operators import Operator
from portal.accounts.roles import Role, Scope
from portal.extensions import csrf
from portal.web import problems
from portal.web.caller import Caller
from portal.web.problems import Problem
from portal.web.scopes import PUBLIC, TABLE, WITHOUT_SESSION

FOREIGN = "This request comes from another site."
_UNSAFE = {"POST", "PUT", "PATCH", "DELETE"}


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
        raise Problem(404, "There is nothing at this address.")
    if needed == PUBLIC:
        if request.method in _UNSAFE:
            _check_site()
            if endpoint not in WITHOUT_SESSION:
                csrf.protect()
        return None
    caller = _by_token() if "Authorization" in request.headers else _by_session()
    if caller is None:
        forget_polls()
        return _ask_to_sign_in()
    if needed not in caller.scopes:
        raise Problem(403, f"You need the permission {needed} for this.")
    if caller.operator is not None:
        _know_polls()
    # Whoever is refused below sees it inside the panel.
    g.caller = caller
    if caller.operator is not None and request.method in _UNSAFE:
        _check_site()
        csrf.protect()
    return None


def _know_polls() -> None:
    """The session was looked up, so that the next polls need not count as a stranger's."""
    cookie = session.cookie  # type: ignore[attr-defined]
    if cookie is not None:
        web.current().guard.panels.know(cookie, now=clock.now().timestamp())


def forget_polls() -> None:
    """The session is over."""
    portal = web.current()
    cookie = request.cookies.get(portal.core.settings.session_cookie)
    if cookie:
        portal.guard.panels.forget(cookie)


def _turn_away_unless_signed_in() -> None:
    """A blocked address is open to operators who are signed in, and to nobody else."""
    denied = request.environ.get("portal.denied")
    if denied is None or current_user.is_authenticated:
        return
    now = clock.now()
    seconds = denied.retry_after(now.timestamp())
    reference = web.current().guard.perimeter.refused(
        denied, client=request.environ["portal.client"], route=f"{request.method} /panel", now=now
    )
    raise Problem(
        403,
        f"This address is blocked for another {durations.spoken(seconds)}.",
        headers={"Retry-After": str(seconds)},
        reference=reference,
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
        401, "The token is unknown, expired or revoked.", headers={"WWW-Authenticate": "Bearer"}
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
        # A page that is open had a session; it is come back to.
        page = urlsplit(request.headers.get("HX-Current-URL", ""))
        target = page.path.removeprefix(web.current().core.settings.prefix)
        target = target if target.startswith("/panel") else "/panel"
        there = _sign_in_page(target, has_ended=True)
        raise Problem(401, "Your session has ended.", headers={"HX-Redirect": there})
    target = request.full_path.rstrip("?") if request.method == "GET" else _page_of_form()
    # A cookie that means nothing any more is that of a session that has ended; a form was open.
    cookie = web.current().core.settings.session_cookie
    has_ended = request.method != "GET" or cookie in request.cookies
    return redirect(_sign_in_page(target, has_ended=has_ended))


def _sign_in_page(target: str, *, has_ended: bool) -> str:
    return f"/panel/login?{'ended=1&' if has_ended else ''}next={quote(target)}"


def _page_of_form() -> str:
    """Where the form stands that was posted, so that its draft is found there again.

    A form posts to its own page, or to an address below it.
    """
    routes, path = current_app.create_url_adapter(request), request.path
    while routes is not None and path.startswith("/panel/"):
        if routes.test(path, method="GET"):
            return path
        path = path.rpartition("/")[0]
    return "/panel"


def _check_site() -> None:
    """Browsers name the site that a request comes from; a foreign one is not even looked at."""
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    # Older browsers name the origin alone; `null` stands for what a strict policy keeps back.
    is_foreign = origin not in {None, "null"} and urlsplit(origin).netloc != request.host
    if (site is None and is_foreign) or site not in {None, "same-origin", "none"}:
        raise Problem(403, FOREIGN)
