"""Signing in and out, and the link that makes the first operator."""

from urllib.parse import urlsplit

from flask import Blueprint, g, redirect, request, session
from flask_login import UserMixin, login_user, logout_user
from werkzeug.wrappers import Response

from portal import clock, web
from portal.accounts import operators, signing_in
from portal.accounts.operators import AccountError, Operator
from portal.accounts.passwords import WeakPasswordError
from portal.accounts.signing_in import TooManyTriesError
from portal.audit import chain
from portal.durations import spoken
from portal.guard import address
from portal.store import engine
from portal.web import access, render
from portal.web.problems import Problem

blueprint = Blueprint("accounts", __name__, url_prefix="/panel")

WRONG = "The name or the password is not right."


class PanelUser(UserMixin):  # type: ignore[misc]
    """Flask-Login's view of an operator."""

    def __init__(self, row: Operator) -> None:
        self.row = row

    def get_id(self) -> str:
        return str(self.row.id)


def load(identity: str) -> PanelUser | None:
    """The operator of the session, which was read with it; None when disabled meanwhile."""
    row: Operator | None = session.operator  # type: ignore[attr-defined]
    if row is None or str(row.id) != identity or not row.is_active:
        return None
    return PanelUser(row)


@blueprint.route("/login", methods=["GET", "POST"])
def sign_in() -> Response:
    if request.method == "GET":
        return _form("", request.args.get("next", ""))
    name, target = request.form.get("name", "").strip().lower(), request.form.get("next", "")
    core, client = web.current().core, request.environ["portal.client"]
    try:
        row = signing_in.sign_in(
            core.open_session,
            name,
            request.form.get("password", ""),
            client=client,
            place=address.key_of(client).removeprefix("ip:"),
            secret_key=core.secret_keys[0],
            now=clock.now(),
        )
    except TooManyTriesError as error:
        said = f"Too many tries. Try again in {spoken(error.seconds)}."
        answer = _form(name, target, said, 429)
        answer.headers["Retry-After"] = str(error.seconds)
        return answer
    if row is None:
        return _form(name, target, WRONG, 401)
    _enter(row)
    return redirect(_local(target), 303)


@blueprint.post("/logout")
def sign_out() -> Response:
    actor = access.caller().actor
    with web.current().core.open_session() as store:
        engine.begin_write(store)
        chain.append(store, "account.logout", actor=actor, at=clock.now(), name=actor)
        store.commit()
    access.forget_polls()
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
        "panel/sign_in.html",
        status=status,
        error=error,
        name=name,
        next=_local(target),
        is_ended="ended" in request.values,
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
