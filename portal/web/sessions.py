"""Flask's session kept in the database; only the panel's pages ever read or write it."""

from typing import Any

from flask import Flask, Request, Response
from flask.sessions import SessionInterface, SessionMixin
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.datastructures import CallbackDict

from portal import clock
from portal.accounts import sessions
from portal.accounts.sessions import WebSession
from portal.settings import Settings
from portal.store import engine


class PanelSession(CallbackDict[str, Any], SessionMixin):
    """The data of a row; `cookie` is None until it must be kept."""

    def __init__(self, data: dict[str, Any] | None = None, cookie: str | None = None) -> None:
        def note(_: Any) -> None:
            self.modified = True

        super().__init__(data or {}, note)
        self.modified = False
        self.cookie = cookie
        self.is_rotated = False
        self.is_poll = False
        self.is_unavailable = False

    def rotate(self) -> None:
        """Take a new identity at login, so that one planted before is worth nothing."""
        self.is_rotated = True
        self.modified = True


# Whatever is not the panel's keeps away from cookies and from the database.
_PANEL = ("/panel", "/api/admin/", "/api/runtime/")


class DatabaseSessions(SessionInterface):
    """Rows are found by the hash of the cookie."""

    def __init__(self, settings: Settings) -> None:
        self._is_secure = settings.has_secure_cookies
        self.cookie_name = settings.session_cookie

    def open_session(self, app: Flask, request: Request) -> PanelSession:
        if not request.path.startswith(_PANEL):
            return PanelSession()
        cookie = request.cookies.get(self.cookie_name, "")
        if not cookie or len(cookie) > 100:
            return PanelSession()
        try:
            with app.extensions["portal"].open_session() as store:
                row = store.get(WebSession, sessions.key_of(cookie))
                if row is None or not row.is_alive(clock.now()):
                    return PanelSession()
                return PanelSession(dict(row.data), cookie)
        except SQLAlchemyError:
            # Who this is cannot be told now; the guard answers 503 and keeps the form's text.
            session = PanelSession()
            session.is_unavailable = True
            return session

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        assert isinstance(session, PanelSession)
        now = clock.now()
        if session.is_unavailable:
            return
        if not session.modified and (session.cookie is None or session.is_poll):
            return
        with app.extensions["portal"].open_session() as store:
            old = store.get(WebSession, sessions.key_of(session.cookie)) if session.cookie else None
            if not session.modified:
                # A person's own request puts the idle end off; a poll does not.
                if old is not None:
                    old.touch(now)
                    store.commit()
                return
            store.rollback()
            engine.begin_write(store)
            old = store.get(WebSession, sessions.key_of(session.cookie)) if session.cookie else None
            if old is not None and (session.is_rotated or not session):
                store.delete(old)
            if not session:
                response.delete_cookie(
                    self.cookie_name, path="/", secure=self._is_secure, httponly=True
                )
            elif session.is_rotated or old is None:
                session.cookie = sessions.new_cookie()
                store.add(
                    WebSession(
                        id=sessions.key_of(session.cookie),
                        created_at=now,
                        seen_at=now,
                        operator_id=_operator(session),
                        data=dict(session),
                    )
                )
                response.set_cookie(
                    self.cookie_name, session.cookie, path="/", secure=self._is_secure,
                    httponly=True, samesite="Lax",
                )  # fmt: skip
            else:
                old.data = dict(session)
                if not session.is_poll:
                    old.touch(now)
            store.commit()


def _operator(session: PanelSession) -> int | None:
    value = session.get("_user_id")
    return int(value) if value else None
