"""A series by its schema, and the windows that are planned of all."""

from datetime import UTC, datetime

from sqlalchemy import select

from portal.status.series import SeriesIn
from portal.status.windows import Window
from tests.sites import Site


def series_in(**fields: object) -> SeriesIn:
    given = {
        "title": "Backups",
        "zone": "Europe/Berlin",
        "recurrence": "FREQ=WEEKLY;BYDAY=SU",
        "starts_at": datetime(2030, 6, 9, 0, 0, tzinfo=UTC),
        "ends_at": datetime(2030, 6, 9, 1, 0, tzinfo=UTC),
    }
    return SeriesIn(**{**given, **fields})


def planned(site: Site) -> list[Window]:
    with site.portal.core.open_session() as session:
        session.expire_on_commit = False
        return list(
            session.scalars(
                select(Window).where(Window.cancelled_at.is_(None)).order_by(Window.starts_at)
            )
        )
