"""Samples of a week, workers and alerts."""

import random
from datetime import datetime, timedelta

from sqlalchemy import insert
from sqlalchemy.orm import Session

from portal import clock
from portal.runtime.episode import Episode
from portal.runtime.samples import Sample
from portal.runtime.workers import NOTIFICATIONS, OWN, WorkerRow
from tests.lived_in.counts import EPISODES, WORKERS


def add_runtime(session: Session, dice: random.Random, now: datetime) -> None:
    minutes = 7 * 24 * 60
    session.execute(
        insert(Sample),
        [
            {
                "at": now - timedelta(minutes=minutes - number),
                "hits": number * 40,
                "blocked": number // 3,
                "scrapes": number * 2,
                "waf_blocked": number // 50,
                "perimeter_blocked": number // 70,
                "pool_borrowed": dice.randrange(3),
                "pool_pending": 0,
            }
            for number in range(minutes)
        ],
    )
    for name in (OWN, NOTIFICATIONS, *(one.name for one in WORKERS)):
        session.add(
            WorkerRow(
                name=name,
                status="healthy",
                pending=4,
                stuck=0,
                failed=0,
                interval_ms=30_000,
                sampled_at=now - timedelta(seconds=5),
                reported_by="token:platform",
                note="",
                history=[[clock.iso(now - timedelta(minutes=60 - one)), one] for one in range(60)],
            )
        )
    for number in range(EPISODES):
        opened = now - timedelta(days=2 * number, hours=3)
        is_open = number < 2
        session.add(
            Episode(
                alert="worker-stuck" if number % 2 == 0 else "DiskFull",
                subject=f"part {number}",
                title="Queue is stuck" if number % 2 == 0 else "Disk is full",
                severity="warning",
                opened_at=opened,
                seen_at=now,
                closed_at=None if is_open else opened + timedelta(minutes=40),
                value=4.0,
                peak=9.0,
                threshold=3.0,
                unit="jobs",
                labels={"worker": "newsAggregation"},
                source="portal" if number % 2 == 0 else "alertmanager",
            )
        )
