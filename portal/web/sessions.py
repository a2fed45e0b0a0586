"""Flask's session kept in the database; only the panel's pages ever read or write it."""

from datetime import datetime
from typing import Any

import structlog
from flask import Flask, Request, Response
from flask.sessions import SessionInterface, SessionMixin
from sqlalchemy import select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session
from werkzeug.datastructures import CallbackDict

from portal import clock, web
from portal.accounts import sessions
from portal.accounts.operators import Operator
from portal.accounts.sessions import WebSession
from portal.settings import Settings
from portal.store import engine, errors

_log = structlog.get_logger()


class PanelSession(CallbackDict[str, Any], SessionMixin):
    """The data of a row, and whose it is; `cookie` is None until it must be kept."""

    def __init__(self, data: dict[str, Any] | None = None, cookie: str | None = None) -> None:
        def note(_: Any) -> None:
            self.modified = True

        super().__init__(data or {}, note)
        self.modified = False
        self.cookie = cookie
        self.is_rotated = False
        self.is_poll = False
        # Whether its idle end is to be put off.
        self.is_due = False
        self.operator: Operator | None = None
        self.unavailable: SQLAlchemyError | None = None

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
        self._path = f"{settings.prefix}/"

    def open_session(self, app: Flask, request: Request) -> PanelSession:
        if not request.path.startswith(_PANEL):
            return PanelSession()
        cookie = request.cookies.get(self.cookie_name, "")
        if not cookie or len(cookie) > 100:
            return PanelSession()
        try:
            with web.current().core.open_session() as store:
                return _of(store, cookie, clock.now())
        except SQLAlchemyError as error:
            # Who this is cannot be told now; the guard answers 503 and keeps the form's text.
            session = PanelSession()
            session.unavailable = error
            return session

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        assert isinstance(session, PanelSession)
        now = clock.now()
        if session.unavailable is not None or web.changes_nothing():
            return
        if not session.modified:
            # A person's own request puts the idle end off; a poll does not.
            if session.cookie is not None and session.is_due and not session.is_poll:
                _touch(web.current(), session.cookie, now)
            return
        try:
            self._store(web.current(), session, response, now)
        except SQLAlchemyError as error:
            # A database that takes no writes for a while must not take the pages away with it.
            _log.warning("sessions.not_stored", failure=errors.of(error))

    def _store(self, portal: Any, session: PanelSession, response: Response, now: datetime) -> None:
        with portal.core.open_session() as store:
            engine.begin_write(store)
            old = store.get(WebSession, sessions.key_of(session.cookie)) if session.cookie else None
            if old is not None and (session.is_rotated or not session):
                store.delete(old)
            if not session:
                response.delete_cookie(
                    self.cookie_name, path=self._path, secure=self._is_secure, httponly=True
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
                    self.cookie_name,
                    session.cookie,
                    path=self._path,
                    secure=self._is_secure,
                    httponly=True,
                    samesite="Lax",
                )
            else:
                old.data = dict(session)
                if not session.is_poll:
                    old.seen_at = now
            store.commit()


def _of(store: Session, cookie: str, now: datetime) -> PanelSession:
    """The session of a cookie with its operator, by one query; an empty one when it is over."""
    found = store.execute(
        select(WebSession, Operator)
        .outerjoin(Operator, Operator.id == WebSession.operator_id)
        .where(WebSession.id == sessions.key_of(cookie))
    ).first()
    if found is None or not found[0].is_alive(now):
        return PanelSession()
    row, operator = found
    session = PanelSession(dict(row.data), cookie)
    session.is_due = row.is_due(now)
    if operator is not None:
        store.expunge(operator)
        session.operator = operator
    return session


def _touch(portal: Any, cookie: str, now: datetime) -> None:
    key = sessions.key_of(cookie)
    try:
        with portal.core.open_session() as store:
            engine.begin_write(store)
            store.execute(update(WebSession).where(WebSession.id == key).values(seen_at=now))
            store.commit()
    except SQLAlchemyError as error:
        _log.warning("sessions.not_touched", failure=errors.of(error))


def _operator(session: PanelSession) -> int | None:
    value = session.get("_user_id")
    return int(value) if value else None
