"""A portal with ninety days behind it, written in bulk through the house's own rows.

What it holds is the same in every run: the numbers come from a seed, and all times are told from
`START`, where the clock of the tests stands. The counts below are what tests may rely on.
"""

import hashlib
import random
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from portal import clock
from portal.accounts.operators import Operator
from portal.accounts.roles import Role, Scope
from portal.accounts.tokens import ApiToken
from portal.audit import addresses, chain
from portal.audit.chain import AuditEvent
from portal.guard.blocks import Block
from portal.guard.offenders import OffenderRow
from portal.notify.outbox import Delivery, State
from portal.notify.subscribers import Subscriber, Topic
from portal.rooms import Portal
from portal.runtime.episode import Episode
from portal.runtime.samples import Sample
from portal.runtime.workers import NOTIFICATIONS, OWN, WorkerRow
from portal.settings import DeclaredWorker
from portal.status import components, series, windows
from portal.status.announcements import Announcement
from portal.status.components import Component, Span
from portal.status.freezes import Freeze
from portal.status.incidents import Capture, Category, ImpactLevel, Incident, IncidentUpdate
from portal.status.notices import Event, Notice, NoticeKind
from portal.status.retrospectives import Retrospective
from portal.status.series import WindowSeries
from portal.status.templates import MessageTemplate
from portal.status.windows import Window
from portal.store import engine as engines
from portal.store import revision, schema
from tests import lived_in_monitors

DAYS = 90
COMPONENTS = 30
SERIES = 5
INCIDENTS = 60
OPEN_INCIDENTS = 4
ANNOUNCEMENTS = 60
SUBSCRIBERS = 500
BLOCKS = 200
BLOCKS_IN_FORCE = 60
EVENTS = 600
NOTICES = 60
ADDRESSED = 30
EPISODES = 40
OFFENDERS = 40
WORKERS = (
    DeclaredWorker("profileEngagement", timedelta(seconds=30)),
    DeclaredWorker("newsAggregation", timedelta(seconds=60)),
)
# Runs at START, and was put off; of the series only `REPEATED` runs then.
RUNNING = "m-running"
REPEATED = "Cache warm-up"
PROPOSED = "m-proposed"

_GROUPS = ("Public", "For developers", "Inside", "Partners", "")
_STATES = ("degraded_performance", "partial_outage", "major_outage")
_STEPS = ("investigating", "identified", "identified", "monitoring", "monitoring", "resolved")


def fill(url: str) -> None:
    """Migrate an empty database, and fill it."""
    schema.upgrade(url)
    settle(url)


def settle(url: str) -> None:
    """Fill a database that is migrated."""
    # Not from the top: conftest imports this module.
    from tests.conftest import START

    engine = engines.probe_engine(url)
    dice = random.Random(7)
    with Session(engine) as session:
        engines.begin_write(session)
        slugs = _components(session, START)
        _series(session, slugs, START)
        _windows(session, slugs, dice, START)
        _announcements(session, dice, START)
        _incidents(session, slugs, dice, START)
        numbers = _subscribers(session, slugs, dice, START)
        _notices(session, numbers, dice, START)
        _perimeter(session, dice, START)
        _runtime(session, dice, START)
        _people(session, START)
        lived_in_monitors.fill(session, START)
        _events(session, dice, START)
        for which in (revision.BOARD, revision.PERIMETER):
            revision.advance(session, which)
        session.commit()
    engine.dispose()


def tend(portal: Portal) -> None:
    """As a web process of `portal serve` has it: a thread beside the requests looks for changes.

    It looks once, here; what a request asks after that is its own.
    """
    portal.board.refresh()
    portal.guard.perimeter.refresh()
    portal.runtime.workers.refresh()
    portal.board.is_supervised = portal.guard.perimeter.is_supervised = True
    portal.monitors.gauges.is_supervised = True
    portal.runtime.workers.is_supervised = portal.lifecycle.phases.is_supervised = True


def running_of_series(session: Session, *, now: datetime) -> list[str]:
    """The components of the occurrence that runs now."""
    found = [row for row in windows.running(session, now=now) if row.title == REPEATED]
    return [slug for row in found for slug in row.components]


def _components(session: Session, now: datetime) -> list[str]:
    rows = [
        Component(
            slug=f"part-{number:02}",
            name=f"Part {number}",
            group_name=_GROUPS[number * len(_GROUPS) // COMPONENTS],
            position=number,
            description="",
            is_public=number % 10 != 9,
            alerts=["worker-stuck:newsAggregation"] if number == 3 else [],
            since=(now - timedelta(days=DAYS + 30 if number else 20)).date(),
            version=1,
            updated_at=now - timedelta(days=DAYS),
        )
        for number in range(COMPONENTS)
    ]
    session.add_all(rows)
    session.flush()
    # By hand: two that were told and forgotten, and a few that were taken back.
    for number in range(8):
        began = now - timedelta(days=2 + 10 * number)
        session.add(
            Span(
                component_id=rows[20 + number].id,
                incident_id=None,
                state=_STATES[number % 2],
                began_at=began,
                ended_at=None if number < 2 else began + timedelta(hours=3),
            )
        )
    return [row.slug for row in rows]


def _series(session: Session, slugs: list[str], now: datetime) -> None:
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


def _windows(session: Session, slugs: list[str], dice: random.Random, now: datetime) -> None:
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


def _announcements(session: Session, dice: random.Random, now: datetime) -> None:
    """Most are over; five run, three are planned, two are drafts. The newest were made last."""
    for number in range(ANNOUNCEMENTS):
        left = ANNOUNCEMENTS - number
        start = now - timedelta(days=left * 1.4, minutes=dice.randrange(600))
        ends: datetime | None = start + timedelta(hours=dice.randrange(2, 30))
        if left <= 5:
            start, ends = now - timedelta(hours=left), now + timedelta(days=left)
        elif left <= 8:
            start, ends = now + timedelta(days=left), None
        session.add(
            Announcement(
                slug=f"word-{number:02}",
                title=f"Word {number}",
                message="Read **this**.",
                severity=("info", "maintenance", "info", "security")[number % 4],
                is_draft=left in {9, 10},
                audiences=["public"],
                channels=["web", "email"],
                dismissible=True,
                starts_at=start,
                ends_at=ends,
                published_at=None if left in {9, 10} else min(start, now),
                resolved_at=ends - timedelta(hours=1) if ends and left > 30 else None,
                last_broadcast_at=None,
                created_at=min(start, now),
                updated_at=min(start, now),
                version=1,
            )
        )


def _incidents(session: Session, slugs: list[str], dice: random.Random, now: datetime) -> None:
    ids = {row.slug: row.id for row in components.listed(session)}
    years: dict[int, int] = {}
    for number in range(INCIDENTS):
        left = INCIDENTS - number
        is_open = left <= OPEN_INCIDENTS
        began = now - timedelta(days=(left - OPEN_INCIDENTS) * 1.6, minutes=dice.randrange(300))
        if is_open:
            began = now - timedelta(hours=left)
        years[began.year] = years.get(began.year, 0) + 1
        steps = dice.randrange(3, 7)
        lasted = timedelta(minutes=dice.randrange(40, 600))
        resolved = None if is_open else began + lasted
        impact = dice.choice(list(ImpactLevel)[1:]).value
        row = Incident(
            reference=f"INC-{began.year}-{years[began.year]:04}",
            title=f"Trouble {number}",
            impact=impact,
            status="monitoring" if is_open else "resolved",
            audiences=["operations"] if number % 15 == 14 else ["public"],
            started_at=began,
            resolved_at=resolved,
            next_update_at=None,
            acknowledged_at=began,
            acknowledged_by="ada",
            root_cause_category=None if is_open else dice.choice(list(Category)).value,
            links=[],
            opened_by="ada",
            created_at=began,
            updated_at=resolved or now,
            version=steps,
        )
        session.add(row)
        session.flush()
        for step in range(steps):
            is_last = step == steps - 1
            status = row.status if is_last else _STEPS[min(step, 4)]
            session.add(
                IncidentUpdate(
                    incident_id=row.id,
                    status=status,
                    is_public=True,
                    author="ada",
                    at=resolved if resolved and is_last else began + lasted * step / (steps * 12),
                    message=f"Step {step} of trouble {number}: **we look into it**.",
                )
            )
        session.add(
            IncidentUpdate(
                incident_id=row.id,
                at=began,
                status=None,
                message="Called the vendor.",
                is_public=False,
                author="ada",
            )
        )
        for slug in dice.sample(slugs, dice.randrange(1, 4)):
            session.add(
                Span(
                    component_id=ids[slug],
                    incident_id=row.id,
                    state=dice.choice(_STATES),
                    began_at=began,
                    ended_at=resolved,
                )
            )
        if number % 3 == 0 and not is_open:
            _retrospective(session, row, now)
        if number % 10 == 0 or left == 1:
            _capture(session, row)


def _retrospective(session: Session, row: Incident, now: datetime) -> None:
    due = (now - timedelta(days=10)).date().isoformat()
    session.add(
        Retrospective(
            id=row.id,
            root_cause_category=row.root_cause_category,
            root_cause="A full disk.",
            impact="Slow answers.",
            is_published=row.id % 2 == 0,
            version=1,
            updated_at=now,
            actions=[
                {
                    "kind": "alert",
                    "text": "Watch the disk",
                    "owner": "ada",
                    "dueAt": due,
                    "done": row.id % 4 != 0,
                }
            ],
        )
    )


def _capture(session: Session, row: Incident) -> None:
    body = '{"metrics":{"scrapes":4100},"databasePool":{"size":5,"pending":0}}'
    session.add(
        Capture(
            id=f"capture-{row.reference}",
            incident_id=row.id,
            captured_at=row.started_at,
            captured_by="ada",
            sha256=hashlib.sha256(body.encode()).hexdigest(),
            body=body,
        )
    )


def _subscribers(
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


def _notices(session: Session, numbers: list[int], dice: random.Random, now: datetime) -> None:
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


def _perimeter(session: Session, dice: random.Random, now: datetime) -> None:
    """Blocks in force on addresses from which no test comes, and those of ninety days."""
    for number in range(BLOCKS):
        is_in_force = number >= BLOCKS - BLOCKS_IN_FORCE
        made = now - timedelta(days=DAYS * (1 - number / BLOCKS))
        scope, value = (
            ("ip", f"203.0.113.{number}"),
            ("range", f"198.18.{number}.0/24"),
            ("key", f"ip:192.0.2.{number}"),
            ("origin", f"https://evil{number}.example"),
        )[number % 4]
        session.add(
            Block(
                id=f"blk{number:010x}",
                scope=scope,
                value=value,
                kind="throttle" if number % 5 == 0 else "ban",
                source="auto" if number % 2 else "manual",
                reason="Scans",
                created_at=made,
                until=now + timedelta(hours=number) if is_in_force else made + timedelta(hours=8),
                created_by="ada",
                is_forced=False,
                removed_at=None,
                version=1,
                expiry_noted=not is_in_force,
            )
        )
    for kind in ("key", "origin", "rule", "address", "agent"):
        session.execute(
            insert(OffenderRow),
            [
                {
                    "kind": kind,
                    "name": f"{kind}-{number}",
                    "allowed": dice.randrange(500),
                    "blocked": dice.randrange(200),
                    "first_seen": now - timedelta(days=5),
                    "last_seen": now - timedelta(minutes=number),
                    "routes": {"GET /": number},
                }
                for number in range(OFFENDERS)
            ],
        )


def _runtime(session: Session, dice: random.Random, now: datetime) -> None:
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


def _people(session: Session, now: datetime) -> None:
    """Operators and tokens that are there, and open no door."""
    for number in range(12):
        session.add(
            Operator(
                name=f"operator{number}",
                password_hash="!",
                role=list(Role)[number % 3].value,
                created_at=now - timedelta(days=DAYS),
                disabled_at=None,
            )
        )
        session.add(
            ApiToken(
                name=f"machine{number}",
                secret_hash=f"none {number}",
                scopes=[Scope.RUNTIME_READ.value],
                created_at=now - timedelta(days=DAYS),
                expires_at=now + timedelta(days=number - 6),
                revoked_at=None,
            )
        )
        session.add(
            MessageTemplate(
                name=f"text-{number}",
                title="{{what}} is late",
                message="It comes {{when}}.",
                updated_at=now - timedelta(days=DAYS),
                version=1,
            )
        )


def _told(dice: random.Random) -> Iterator[tuple[str, str, dict[str, object]]]:
    """Events without end, as type, actor and fields."""
    while True:
        number = dice.randrange(1, 250)
        address = f"203.0.113.{number}"
        yield from (
            ("account.login.succeeded", "ada", {"name": "ada", "address": address}),
            ("incident.acknowledged", "ada", {"incident": f"INC-2030-{number:04}"}),
            (
                "account.login.refused",
                "anonymous",
                {"name": "root", "address": address, "reason": "wrong name or password"},
            ),
            ("maintenance.series.planned", "portal worker", {"ref": "s-daily0", "windows": 1}),
            (
                "runtime.snapshot.exported",
                "bob",
                {"snapshot": str(number), "format": "json", "sha256": "0" * 64},
            ),
        )


def _events(session: Session, dice: random.Random, now: datetime) -> None:
    """An audit log whose chain is whole."""
    previous = chain.start(session).hash
    for seq, (kind, actor, detail) in zip(range(1, EVENTS + 1), _told(dice), strict=False):
        at = now - timedelta(days=DAYS) * (EVENTS - seq) / EVENTS
        at = at.replace(microsecond=0)
        hidden = addresses.hide(session, detail, seq=seq, at=at)
        fields = {"seq": seq, "at": clock.iso(at), "type": kind, "actor": actor, "detail": hidden}
        previous = chain.digest_of(previous, fields)
        session.add(
            AuditEvent(seq=seq, at=at, type=kind, actor=actor, detail=hidden, hash=previous)
        )
