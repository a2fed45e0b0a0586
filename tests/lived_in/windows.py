"""Series that were planned every night, single windows and freezes."""

import random
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from portal.status import series, windows
from portal.status.freezes import Freeze
from portal.status.series import WindowSeries
from portal.status.windows import Window
from tests.lived_in.counts import DAYS, PROPOSED, REPEATED, RUNNING


def add_series(session: Session, slugs: list[str], now: datetime) -> None:
    """Made ninety days ago at midnight, and planned every night since, as the worker does it."""
    began = (now - timedelta(days=DAYS)).replace(hour=0)
    for number, (title, zone, hour, length) in enumerate(
        (
            ("Backups", "UTC", "02:00", 30),
            ("Search index", "Europe/Berlin", "03:00", 60),
            ("Certificates", "America/New_York", "04:30", 15),
            (REPEATED, "UTC", "11:45", 45),
            ("Reports", "Asia/Tokyo", "01:00", 120),
        )
    ):
        row = WindowSeries(
            reference=f"s-daily{number}",
            title=title,
            message=f"{title}, **every day**.",
            zone=zone,
            audiences=["public"],
            channels=["web", "api"],
            components=slugs[number * 2 : number * 2 + 2],
            rule="FREQ=DAILY",
            first_local=f"{began:%Y-%m-%d}T{hour}:00",
            duration_seconds=length * 60,
            planned_until=began,
            cancelled_at=None,
            created_at=began,
            updated_at=began,
            version=1,
            created_by="ada",
            awaits_approval=False,
            owner="Operations",
            impact="",
            rollback_plan="",
            effects={},
        )
        session.add(row)
        session.flush()
        made = 0
        for day in range(DAYS + 1):
            for window in series.plan(session, row, now=began + timedelta(days=day)):
                window.reference = f"m-{number}-{made:03}"
                made += 1


def add_windows(session: Session, slugs: list[str], dice: random.Random, now: datetime) -> None:
    def window(reference: str, start: datetime, minutes: int, **more: Any) -> Window:
        values = {
            "title": f"Maintenance {reference}",
            "message": "Shorter answers for a while.",
            "zone": "Europe/Berlin",
            "audiences": ["public"],
            "channels": ["web", "email", "api"],
            "components": dice.sample(slugs, 2),
            "starts_at": start,
            "ends_at": start + timedelta(minutes=minutes),
            "first_ends_at": start + timedelta(minutes=minutes),
            "owner": "ada",
            "impact": "",
            "rollback_plan": "",
            "effects": {},
            "created_by": "ada",
            "awaits_approval": False,
            "created_at": start - timedelta(days=3),
            "updated_at": start - timedelta(days=3),
            "version": 1,
        }
        return Window(reference=reference, **(values | more))

    rows = [
        window(
            RUNNING,
            now - timedelta(minutes=30),
            90,
            title="Database failover",
            version=2,
            first_ends_at=now,
            updated_at=now - timedelta(minutes=5),
        ),
        window(PROPOSED, now + timedelta(days=3), 60, awaits_approval=True),
    ]
    for number in range(40):
        start = now - timedelta(days=2 * number + 1, hours=dice.randrange(12))
        rows.append(
            window(
                f"m-past{number:02}",
                start,
                60,
                ended_at=start + timedelta(minutes=45) if number % 3 == 0 else None,
                cancelled_at=start - timedelta(hours=5) if number % 7 == 6 else None,
            )
        )
    rows += [window(f"m-next{day}", now + timedelta(days=day, hours=3), 60) for day in (1, 5, 20)]
    session.add_all(rows)
    for number, days in enumerate((-80, -30, 2, 15, 40)):
        start = now + timedelta(days=days)
        session.add(
            Freeze(
                title=f"Freeze {number}",
                starts_at=start,
                ends_at=start + timedelta(days=4),
                created_at=now - timedelta(days=DAYS),
                version=1,
            )
        )


def running_of_series(session: Session, *, now: datetime) -> list[str]:
    """The components of the occurrence that runs now."""
    found = [row for row in windows.running(session, now=now) if row.title == REPEATED]
    return [slug for row in found for slug in row.components]
