"""Windows, occurrences, announcements and incidents by chance, each seed a mix."""

import random
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from portal.status.windows import Window
from tests import rows
from tests.instants import DAY, HOUR, NOW


class Mix:
    """Rows of one seed."""

    def __init__(self, session: Session, seed: int) -> None:
        self.session, self.dice = session, random.Random(seed)
        for number in range(3):
            self._series(number)
        for number in range(40):
            self.window(f"w{number}")
            self._announcement(number)
        for number in range(30):
            self._incident(number)
        session.flush()

    def moment(self, days: float) -> datetime:
        """Some minute within so many days of now, each one once or twice."""
        return NOW + timedelta(minutes=round(self.dice.uniform(-days, days) * 1440))

    def audiences(self) -> list[str]:
        return self.dice.choice([["public"], ["public", "admin"], ["operations"]])

    def window(self, reference: str, **values: Any) -> Window:
        start = self.moment(self.dice.choice([0.1, 3, 40, 300]))
        end = start + timedelta(minutes=self.dice.randrange(1, 4000))
        is_early = self.dice.random() < 0.2 and start < NOW
        row = rows.window(
            **{
                "reference": reference,
                "audiences": self.audiences(),
                "starts_at": start,
                "ends_at": end,
                "ended_at": start + (min(end, NOW) - start) / 2 if is_early else None,
                "cancelled_at": NOW - HOUR if self.dice.random() < 0.15 else None,
                "awaits_approval": self.dice.random() < 0.1,
                **values,
            }
        )
        self.session.add(row)
        return row

    def _series(self, number: int) -> None:
        row = rows.series(reference=f"s{number}", rule="FREQ=DAILY")
        self.session.add(row)
        self.session.flush()
        audiences, step = self.audiences(), DAY * self.dice.choice([1, 1, 7])
        begin = NOW - 9 * DAY + timedelta(minutes=self.dice.randrange(1440))
        for turn in range(30):
            self.window(
                f"s{number}-{turn}",
                series_id=row.id,
                occurrence=f"{number}-{turn}",
                audiences=audiences,
                starts_at=begin + turn * step,
                ends_at=begin + turn * step + HOUR,
                ended_at=None,
                awaits_approval=False,
            )

    def _announcement(self, number: int) -> None:
        start = self.moment(self.dice.choice([0.1, 3, 40]))
        end = start + timedelta(minutes=self.dice.randrange(1, 6000))
        is_early = self.dice.random() < 0.3 and start < NOW
        self.session.add(
            rows.announcement(
                slug=f"a{number}",
                is_draft=self.dice.random() < 0.1,
                audiences=self.audiences(),
                starts_at=start,
                ends_at=end if self.dice.random() < 0.7 else None,
                published_at=start,
                resolved_at=start + (min(end, NOW) - start) / 2 if is_early else None,
            )
        )

    def _incident(self, number: int) -> None:
        start = NOW - abs(self.moment(60) - NOW)
        resolved = start + (NOW - start) * self.dice.random() if self.dice.random() < 0.7 else None
        self.session.add(
            rows.incident(
                reference=f"INC-{number}",
                impact="minor",
                status="resolved" if resolved else "identified",
                audiences=self.audiences(),
                started_at=start,
                resolved_at=resolved,
            )
        )
