"""Subscribers, and notices with what was delivered to each."""

import random
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from portal.notify.outbox import Delivery, State
from portal.notify.subscribers import Subscriber, Topic
from portal.status.notices import Event, Notice, NoticeKind
from tests.lived_in.counts import ADDRESSED, DAYS, NOTICES, SUBSCRIBERS


def add_subscribers(
    session: Session, slugs: list[str], dice: random.Random, now: datetime
) -> list[int]:
    rows = []
    for number in range(SUBSCRIBERS + 10):
        is_mail, since = number >= 20, now - timedelta(days=dice.uniform(1, DAYS))
        rows.append(
            Subscriber(
                kind="mail" if is_mail else "webhook",
                address=f"reader{number}@example.com"
                if is_mail
                else f"https://hooks{number}.example.com/status",
                topics=[one.value for one in Topic],
                components=dice.sample(slugs, 3) if number % 4 == 0 else [],
                wanted={},
                question=None,
                asked_at=since,
                secret="" if is_mail else "k" * 48,
                confirmed_at=since if number < SUBSCRIBERS else None,
                created_at=since,
            )
        )
    session.add_all(rows)
    session.flush()
    return [row.id for row in rows[:SUBSCRIBERS]]


def add_notices(session: Session, numbers: list[int], dice: random.Random, now: datetime) -> None:
    """The latest thirty went to everyone; some got stuck, and some were given up."""
    for number in range(NOTICES):
        left = NOTICES - number
        at = now - timedelta(hours=left * 6)
        row = Notice(
            key=f"incident INC-2030-{number + 1:04} opened",
            kind=NoticeKind.INCIDENT.value,
            event=Event.OPENED.value,
            ref=f"INC-2030-{number + 1:04}",
            title=f"Trouble {number}",
            message="We look into it.",
            facts={"status": "investigating", "impact": "minor"},
            audiences=["public"],
            channels=["email", "api"],
            components=[],
            occurred_at=at,
            created_at=at,
            position=numbers[-1],
            addressed_at=at,
        )
        session.add(row)
        if left > ADDRESSED:
            continue
        session.flush()
        made = [
            _delivery(row.id, number, at, dice.random(), is_newest=left == 1) for number in numbers
        ]
        session.execute(insert(Delivery), made)
        states = Counter(one["state"] for one in made)
        row.recipients, row.sent, row.dead = len(made), states[State.SENT], states[State.DEAD]


def _delivery(
    notice: int, number: int, at: datetime, luck: float, *, is_newest: bool
) -> dict[str, Any]:
    state = State.DEAD if luck < 0.005 else State.SENT
    if is_newest and 0.5 < luck < 0.6:
        state = State.PENDING
    return {
        "notice_id": notice,
        "recipient": f"subscriber {number}",
        "queue": "mail",
        "state": state.value,
        "attempts": 6 if state is State.DEAD else 0,
        "due_at": at,
        "claimed_by": "",
        "claimed_until": None,
        "settled_at": None if state is State.PENDING else at,
        "error": "the server refused the address" if state is State.DEAD else "",
    }
