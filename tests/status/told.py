"""Notices in the order in which they were made, and a window to tell of."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.status.notices import Notice
from portal.status.windows import Window, WindowIn
from tests.instants import HOUR, NOW


def told(session: Session) -> list[Notice]:
    return list(session.scalars(select(Notice).order_by(Notice.id)))


def window(**values: Any) -> Window:
    row = Window(
        reference="m-1",
        created_at=NOW,
        updated_at=NOW,
        version=3,
        created_by="ada",
        awaits_approval=False,
    )
    WindowIn(**{"title": "T", "ends_at": NOW + HOUR, **values}).apply(row, now=NOW)
    return row
