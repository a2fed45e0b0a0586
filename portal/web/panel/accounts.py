"""Signing in and out, and the link that makes the first operator."""

from urllib.parse import urlsplit

from flask import Blueprint, g, redirect, request, session
from flask_login import UserMixin, login_user, logout_user
from werkzeug.wrappers import Response

from portal import clock, web
from portal.accounts import operators, passwords, throttle
from portal.accounts.operators import AccountError, Operator
from portal.accounts.passwords import WeakPasswordError
from portal.audit import chain
from portal.store import engine
from portal.web import access, render
from portal.web.problems import Problem

blueprint = Blueprint("accounts", __name__, url_prefix="/panel")

WRONG = "The name or the password is not right."
WAIT = "Too many tries for now. Wait 15 minutes, then try again."


class PanelUser(UserMixin):  # type: ignore[misc]
    """Flask-Login's view of an operator."""

    def __init__(self, row: Operator) -> None:
        self.row = row

    def get_id(self) -> str:
        return str(self.row.id)


def load(identity: str) -> PanelUser | None:
    """The operator of a session, unless disabled meanwhile."""
    with web.current().core.open_session() as store:
        row = store.get(Operator, int(identity))
        if row is None or not row.is_active:
            return None
        store.expunge(row)
        return PanelUser(row)


@blueprint.route("/login", methods=["GET", "POST"])
def sign_in() -> Response:
    if request.method == "GET":
        return _form("", request.args.get("next", ""))
    name = request.form.get("name", "").strip().lower()[:64]
    password, target = request.form.get("password", ""), request.form.get("next", "")
    address, now = request.environ["portal.client"], clock.now()
    with web.current().core.open_session() as store:
        store.expire_on_commit = False
        is_throttled = throttle.must_wait(store, account=name, address=address, now=now)
        row = operators.find(store, name)
        stored = row.password_hash if row is not None and row.is_active else None
        store.rollback()
        is_right = not is_throttled and passwords.is_right(stored, password)
        engine.begin_write(store)
        if not is_right or row is None:
            if not is_throttled:
                throttle.record(store, account=name, address=address, now=now)
                chain.append(
                    store,
                    "account.login.refused",
                    actor="anonymous",
                    at=now,
                    name=name,
                    address=address,
                    reason="wrong name or password",
                )
            store.commit()
            return _form(
                name, target, WAIT if is_throttled else WRONG, 429 if is_throttled else 401
            )
        throttle.forget(store, account=name)
        chain.append(
            store, "account.login.succeeded", actor=name, at=now, name=name, address=address
        )
        store.commit()
        _enter(row)
    return redirect(_local(target), 303)


@blueprint.post("/logout")
def sign_out() -> Response:
    actor = access.caller().actor
    with web.current().core.open_session() as store:
        engine.begin_write(store)
        chain.append(store, "account.logout", actor=actor, at=clock.now(), name=actor)
        store.commit()
    logout_user()
    session.clear()
    return redirect("/panel/login", 303)


@blueprint.route("/first-run/<token>", methods=["GET", "POST"])
def first_run(token: str) -> Response:
    with web.current().core.open_session() as store:
        store.expire_on_commit = False
        if not operators.is_first_run_token(store, token):
            raise Problem(
                410, "This link was used, or replaced by a newer one. Sign in at /panel/login."
            )
        if request.method == "GET":
            return render.panel("panel/first_run.html", error=None, name="", token=token)
        name = request.form.get("name", "")
        store.rollback()
        engine.begin_write(store)
        try:
            row = operators.create_first(
                store, token, name=name, password=request.form.get("password", ""), at=clock.now()
            )
        except (AccountError, WeakPasswordError) as error:
            return render.panel(
                "panel/first_run.html", status=422, error=str(error), name=name, token=token
            )
        if row is None:
            raise Problem(410, "This link was used meanwhile. Sign in at /panel/login.")
        store.commit()
        _enter(row)
    return redirect("/panel", 303)


def _enter(row: Operator) -> None:
    session.clear()
    login_user(PanelUser(row))
    session.rotate()  # type: ignore[attr-defined]


def _form(name: str, target: str, error: str | None = None, status: int = 200) -> Response:
    g.pop("caller", None)
    return render.panel(
        "panel/sign_in.html", status=status, error=error, name=name, next=_local(target)
    )


def _local(target: str) -> str:
    """`target` when it is a path of ours, else the panel."""
    parts = urlsplit(target)
    is_local = (
        target.startswith("/")
        and not target.startswith(("//", "/\\"))
        and not parts.scheme
        and not parts.netloc
        and target.isprintable()
        and "\\" not in target
    )
    return target if is_local else "/panel"
