"""`portal demo`: a lived-in example, plainly made up."""

from datetime import datetime, timedelta

import click
from sqlalchemy import select

from portal import clock
from portal.cli import application
from portal.guard.blocks import BlockIn, BlockScope
from portal.monitors.monitor import Kind
from portal.monitors.schemas import MonitorIn
from portal.rooms import Portal
from portal.runtime.workers import NOTIFICATIONS, OWN, WorkerIn, WorkerStatus
from portal.status.announcements import Announcement, AnnouncementIn
from portal.status.components import ComponentIn, Impact, State
from portal.status.incidents import Category, ImpactLevel, IncidentIn, Progress, UpdateIn
from portal.status.terms import Severity, Status
from portal.status.windows import Window, WindowIn
from portal.unit_of_work import By


@click.command()
def demo() -> None:
    """Fill an empty portal with sample components, incidents and maintenance windows."""
    portal = application.portal()
    with portal.core.open_session() as session:
        if session.scalar(select(Window.id)) or session.scalar(select(Announcement.id)):
            application.stop("The portal is not empty. The demo needs an empty one.")
    fill(portal)
    click.echo("The demo data is in place.")


def fill(portal: Portal) -> None:
    """Put the sample data into an empty portal."""
    now, status = clock.now(), portal.status
    _components(portal, now)
    _incidents(portal, now)
    status.windows.schedule(
        By("demo"),
        WindowIn(
            title="Demo: search index upgrade",
            message="Search results may be up to **ten minutes old**. All else works as usual.",
            zone="Europe/Berlin",
            components=["search"],
            ends_at=now + timedelta(minutes=45),
        ),
    )
    status.windows.schedule(
        By("demo"),
        WindowIn(
            title="Demo: database failover drill",
            message="Up to two minutes without writes.",
            zone="Europe/Berlin",
            starts_at=now + timedelta(days=2),
            ends_at=now + timedelta(days=2, hours=1),
        ),
    )
    status.announcements.create(
        By("demo"),
        AnnouncementIn(
            title="Demo: slow e-mail delivery",
            message="Messages to some providers arrive late. We are following up with them.",
            severity=Severity.INFO,
            status=Status.ACTIVE,
            ends_at=now + timedelta(hours=6),
        ),
    )
    portal.guard.blocks.add(
        By("demo"),
        BlockIn(
            scope=BlockScope.RANGE,
            value="192.0.2.128/25",
            duration="6h",
            reason="Demo: a scan from a documentation range",
        ),
        caller="",
    )
    _monitors(portal)
    for name in portal.runtime.workers.declared:
        if name not in {OWN, NOTIFICATIONS}:
            for pending in (2, 3, 5, 9, 14, 22, 31):
                sample = WorkerIn(status=WorkerStatus.HEALTHY, pending=pending, note="Demo")
                portal.runtime.workers.report(name, sample, actor="demo")


def _monitors(portal: Portal) -> None:
    """Two, paused: a demo calls nobody."""
    own = {"kind": Kind.HTTP, "url": f"http://{portal.core.settings.bind}/health/live"}
    beat = {"kind": Kind.HEARTBEAT, "schedule": "0 2 * * *", "zone": "Europe/Berlin"}
    for slug, name, of_kind in (
        ("portal", "Demo: this portal", own),
        ("backup", "Demo: nightly backup", beat),
    ):
        new = MonitorIn.model_validate({"slug": slug, "name": name, **of_kind})
        portal.monitors.acts.add(By("demo"), new, is_free=True)
        portal.monitors.acts.pause(By("demo"), slug)


def _components(portal: Portal, now: datetime) -> None:
    since = (now - timedelta(days=120)).date()
    parts = (
        ("website", "Website", "Demo: for everyone"),
        ("sign-in", "Sign-in", "Demo: for everyone"),
        ("search", "Search", "Demo: for everyone"),
        ("api", "API", "Demo: for developers"),
        ("webhooks", "Webhooks", "Demo: for developers"),
        ("reports", "Reports", "Demo: for developers"),
    )
    for position, (slug, name, group) in enumerate(parts):
        # The newest part has a shorter history, as new parts do.
        first = (now - timedelta(days=40)).date() if slug == "reports" else since
        portal.status.components.add(
            By("demo"),
            ComponentIn(slug=slug, name=name, group=group, position=position, since=first),
        )


def _incidents(portal: Portal, now: datetime) -> None:
    """Past ones by their times, and one that goes on."""
    # How many days ago, at which hour, and for how many minutes: each within its day.
    past = (
        (71, 15, 50, "Demo: search was slow", "search", State.DEGRADED, Category.CAPACITY),
        (44, 9, 130, "Demo: nobody could sign in", "sign-in", State.MAJOR, Category.DEPLOY),
        (19, 17, 35, "Demo: webhooks arrived late", "webhooks", State.PARTIAL, Category.DEPENDENCY),
        (3, 11, 55, "Demo: errors from the API", "api", State.PARTIAL, Category.NETWORK_ACL),
    )
    for days, hour, minutes, title, slug, state, category in past:
        day = now - timedelta(days=days)
        began = day.replace(hour=hour, minute=5, second=0, microsecond=0)
        row = portal.status.incidents.open(
            By("demo"),
            IncidentIn(
                title=title,
                impact=ImpactLevel.MAJOR,
                message="We are looking into it.",
                components=[Impact(component=slug, state=state)],
                started_at=began,
            ),
        )
        portal.status.incidents.update(
            By("demo"),
            row.reference,
            UpdateIn(
                status=Progress.RESOLVED,
                message="It works again, and we know why.",
                at=began + timedelta(minutes=minutes),
                root_cause_category=category,
            ),
        )
    portal.status.incidents.open(
        By("demo"),
        IncidentIn(
            title="Demo: reports are late",
            impact=ImpactLevel.MINOR,
            status=Progress.IDENTIFIED,
            message="Reports come about **an hour late**. A queue is being cleared.",
            components=[Impact(component="reports", state=State.DEGRADED)],
            started_at=now - timedelta(minutes=25),
            next_update_at=now + timedelta(minutes=35),
        ),
    )
