"""Sites with something of each kind, with a long past, and with a database that comes and goes."""

from datetime import date
from types import SimpleNamespace
from typing import Any

import pytest

from portal.board import publish
from portal.board.picture import Picture
from portal.board.publish import Board
from portal.status.announcements import AnnouncementIn
from portal.status.components import ComponentIn, Impact, Span, State
from portal.status.incidents import ImpactLevel, IncidentIn, NoteIn, Progress, UpdateIn
from portal.status.terms import Audience, Status
from portal.status.windows import WindowIn
from portal.store import revision
from portal.unit_of_work import By
from tests import rows
from tests.board.growth import COMPONENTS, INCIDENTS
from tests.board.keeping import ENDS, Database, Shelf
from tests.board.parts import stored
from tests.board.pictures import banner, picture
from tests.clocks import StandingClock
from tests.conftest import Build
from tests.instants import DAY, HOUR, NOW
from tests.sites import Site


@pytest.fixture
def lived(build: Build, still: StandingClock) -> Site:
    """A site with one of each kind, and with things that only some may see."""
    site = build(external_url="https://status.example", site_name="Example & Söhne")
    portal = site.portal
    for slug, group in (("api", "Core"), ("web", "Core"), ("mail", "")):
        portal.status.components.add(
            By("op-a"), ComponentIn(slug=slug, name=slug.upper(), group=group)
        )
    portal.status.announcements.create(
        By("op-a"),
        AnnouncementIn(
            title="Good <b>news</b> & \x0b more", message="It is **here**.", status=Status.ACTIVE
        ),
    )
    portal.status.windows.schedule(
        By("op-a"),
        WindowIn(
            title="Upgrade; part 1, of 2",
            message="A\nlong " + "ümläut " * 30,
            zone="Europe/Berlin",
            starts_at=still.moment + 5 * HOUR,
            ends_at=still.moment + 6 * HOUR,
        ),
    )
    row = portal.status.incidents.open(
        By("op-a"),
        IncidentIn(
            title="Slow",
            impact=ImpactLevel.MAJOR,
            message="We look.",
            components=[Impact(component="api", state=State.PARTIAL)],
        ),
    )
    still.advance(minutes=5)
    portal.status.incidents.update(
        By("op-a"), row.reference, UpdateIn(status=Progress.MONITORING, message="Better.")
    )
    portal.status.incidents.note(By("op-a"), row.reference, NoteIn(message="secret-note"))
    for audience in (Audience.OPERATIONS, Audience.ADMIN):
        portal.status.announcements.create(
            By("op-a"),
            AnnouncementIn(title="secret-text", status=Status.ACTIVE, audiences=[audience]),
        )
        portal.status.windows.schedule(
            By("op-a"),
            WindowIn(title="secret-window", ends_at=still.moment + HOUR, audiences=[audience]),
        )
        portal.status.incidents.open(
            By("op-a"),
            IncidentIn(
                title="secret-incident", impact=ImpactLevel.MINOR, message="x", audiences=[audience]
            ),
        )
    portal.status.announcements.create(By("op-a"), AnnouncementIn(title="secret-draft"))
    return site


@pytest.fixture
def world(still: StandingClock, monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    still.moment = NOW
    database, shelf = Database(), Shelf()

    def take(session: Database, *, now: Any, history: Any, number: int | None) -> Picture:
        return picture(banner(), revision=session.revision, generated_at=now, valid_until=ENDS)

    monkeypatch.setattr(publish.published, "take", take)
    board = Board(
        lambda: database,  # type: ignore[arg-type, return-value]
        lambda shown, _: SimpleNamespace(picture=shown, compress=list),  # type: ignore
        shelf,  # type: ignore[arg-type]
    )
    return SimpleNamespace(board=board, database=database, shelf=shelf, still=still)


@pytest.fixture
def grown(site: Site, still: StandingClock) -> Site:
    """Twelve components, each with twenty-five incidents in the last eighty days."""
    with site.portal.core.open_session() as session:
        for number in range(COMPONENTS):
            session.add(stored(number, date(2029, 1, 1), NOW))
        session.flush()
        for number in range(INCIDENTS):
            began = NOW - DAY - number * 80 * DAY / INCIDENTS
            times = {"started_at": began, "resolved_at": began + HOUR}
            session.add(
                rows.incident(
                    id=number + 1,
                    reference=f"INC-{number}",
                    status="resolved",
                    created_at=began,
                    updated_at=began,
                    **times,
                )
            )
            session.flush()
            session.add(
                Span(
                    component_id=number % COMPONENTS + 1,
                    incident_id=number + 1,
                    state="partial_outage",
                    began_at=began,
                    ended_at=began + HOUR,
                )
            )
        revision.advance(session)
        session.commit()
    site.portal.board.refresh()
    return site
