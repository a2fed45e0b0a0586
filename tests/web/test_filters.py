"""Searching lists: each choice holds what a walk over all rows holds, on both databases."""

from datetime import UTC, datetime
from itertools import product
from typing import Any

import pytest

from portal import clock
from portal.accounts.roles import Role
from portal.status import announcements, incidents, windows
from portal.status.announcements import AnnouncementIn
from portal.status.components import ComponentIn
from portal.status.incidents import IncidentIn
from portal.status.windows import WindowIn, WindowStatus
from portal.store.choices import Choice
from portal.unit_of_work import By
from tests.clocks import StandingClock
from tests.instants import DAY
from tests.sites import Site
from tests.web.pages import text_of

ADA = By("ada")


def fill(site: Site) -> None:
    status, now = site.portal.status, clock.now()
    for slug in ("api", "api-eu"):
        status.components.add(ADA, ComponentIn(slug=slug, name=slug))
    for number, (title, parts) in enumerate(
        product(("100 % Failover", "fail_over", "Über"), ([], ["api"], ["api-eu"]))
    ):
        start = now + (number - 4) * DAY if number > 4 else None
        status.windows.schedule(
            ADA,
            WindowIn(
                title=title, components=parts, starts_at=start, ends_at=now + number * DAY + DAY
            ),
        )
        status.announcements.create(
            ADA, AnnouncementIn(title=title, status="draft" if number % 2 else "active")
        )
        row = status.incidents.open(
            ADA,
            IncidentIn(
                title=title,
                message="m",
                impact="minor",
                status="investigating",
                started_at=now - number * DAY,
                components=[{"component": one, "state": "partial_outage"} for one in parts],
            ),
        )
        assert row.reference


CHOICES = [
    Choice(**dict(zip(("text", "component", "since", "until"), values, strict=True)))
    for values in product(
        ("", "fail", "100 %", "_", "%", "FAILOVER"),
        ("", "api"),
        (None, datetime(2030, 6, 1, tzinfo=UTC)),
        (None, datetime(2030, 6, 5, tzinfo=UTC)),
    )
]


def fits(
    choice: Choice, title: str, parts: list[str], start: datetime, end: datetime | None
) -> bool:
    return (
        choice.text.lower() in title.lower()
        and (not choice.component or choice.component in parts)
        and (choice.until is None or start < choice.until)
        and (choice.since is None or end is None or end > choice.since)
    )


def test_every_choice_is_a_walk_over_all_rows(either: Site, still: StandingClock):
    fill(either)
    now, wide = clock.now(), {"limit": 100, "offset": 0}
    with either.portal.core.open_session() as session:
        planned = windows.listed(session, now=now, has_all=True, **wide)[0]
        told = announcements.listed(session, now=now, **wide)[0]
        events = incidents.page(session, **wide)[0]
        parts = {
            number: [one.component for one in impacts]
            for number, impacts in incidents.impacts_of(session, [row.id for row in events]).items()
        }
        for choice in CHOICES:
            expected = [
                row.id
                for row in planned
                if fits(choice, row.title, row.components, row.starts_at, row.ends_at)
            ]
            rows, total = windows.listed(session, now=now, choice=choice, **wide)
            assert ([row.id for row in rows], total) == (expected, len(expected)), choice
            expected = [
                row.id
                for row in events
                if fits(choice, row.title, parts.get(row.id, []), row.started_at, row.resolved_at)
            ]
            rows, total = incidents.page(session, choice=choice, **wide)
            assert ([row.id for row in rows], total) == (expected, len(expected)), choice
            if not choice.component:
                expected = [
                    row.id
                    for row in told
                    if fits(choice, f"{row.title}\n{row.slug}", [], row.starts_at, row.ends_at)
                ]
                rows, total = announcements.listed(session, now=now, choice=choice, **wide)
                assert ([row.id for row in rows], total) == (expected, len(expected)), choice
        for part in windows.PARTS:
            rows, total = windows.listed(session, now=now, choice=Choice(state=part), **wide)
            status = {"running": WindowStatus.ACTIVE, "upcoming": WindowStatus.SCHEDULED}.get(part)
            assert [row.status_at(now) for row in rows] == [status] * total


@pytest.mark.parametrize("page", ["maintenance", "incidents", "perimeter", "notifications"])
def test_a_page_shows_what_was_searched_and_refuses_nonsense(
    site: Site, still: StandingClock, page: str
):
    person = site.signed_in(Role.ADMIN)
    fill(site)
    query = {"q": "<b>nothing</b>", "from": "2030-06-01"}
    text = person.client.get(f"/panel/{page}", query_string=query).get_data(as_text=True)
    assert 'value="&lt;b&gt;nothing&lt;/b&gt;"' in text
    for wrong in ({"state": "odd"}, {"from": "soon"}, {"to": "9999-01-01"}, {"q": "x" * 201}):
        answer: Any = person.client.get(f"/panel/{page}", query_string=wrong)
        assert answer.status_code == 400, wrong


def test_the_next_page_keeps_the_choice(site: Site, still: StandingClock):
    person = site.signed_in(Role.ADMIN)
    for number in range(60):
        site.portal.status.announcements.create(ADA, AnnouncementIn(title=f"Word {number}"))
    page = text_of(person.client.get("/panel/maintenance?q=word&state=waiting"))
    assert "1 to 50 of 60" in page
    assert "?q=word&state=waiting&announcements=50" in page
