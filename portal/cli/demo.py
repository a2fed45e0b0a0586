"""`portal demo`: a lived-in example, plainly made up."""

from datetime import timedelta

import click
from sqlalchemy import select

from portal import clock
from portal.cli import application
from portal.guard.blocks import BlockIn, BlockScope
from portal.runtime.workers import OWN, WorkerIn, WorkerStatus
from portal.status.announcements import Announcement, AnnouncementIn
from portal.status.terms import Severity, Status
from portal.status.windows import Window, WindowIn


@click.command()
def demo() -> None:
    """Fill an empty portal with example windows, announcements, a block and reports."""
    portal = application.make().extensions["portal"]
    with portal.open_session() as session:
        if session.scalar(select(Window.id)) or session.scalar(select(Announcement.id)):
            application.stop("The portal holds something already; the demo wants an empty one.")
    now, registry = clock.now(), portal.registry
    registry.open_window(
        WindowIn(
            title="Demo: search index upgrade",
            message="Search results may be up to **ten minutes old**. All else works as usual.",
            zone="Europe/Berlin",
            ends_at=now + timedelta(minutes=45),
        ),
        actor="demo",
    )
    registry.open_window(
        WindowIn(
            title="Demo: database failover drill",
            message="Up to two minutes without writes.",
            zone="Europe/Berlin",
            starts_at=now + timedelta(days=2),
            ends_at=now + timedelta(days=2, hours=1),
        ),
        actor="demo",
    )
    registry.announce(
        AnnouncementIn(
            title="Demo: slow e-mail delivery",
            message="Messages to some providers arrive late. We are following up with them.",
            severity=Severity.INFO,
            status=Status.ACTIVE,
            ends_at=now + timedelta(hours=6),
        ),
        actor="demo",
    )
    portal.blocks.add(
        BlockIn(
            scope=BlockScope.RANGE, value="192.0.2.128/25", duration="6h",
            reason="Demo: a scan from a documentation range",
        ),
        actor="demo", caller="",
    )  # fmt: skip
    for name in portal.workers.declared:
        if name != OWN:
            for pending in (2, 3, 5, 9, 14, 22, 31):
                wish = WorkerIn(status=WorkerStatus.HEALTHY, pending=pending, note="Demo")
                portal.workers.report(name, wish, actor="demo")
    click.echo("The demo is in place.")
