"""What is remembered of a picture looks like what is made anew, and is rendered once."""

from datetime import timedelta
from random import Random

import pytest

from portal.status.components import ComponentIn, Impact, State
from portal.status.incidents import ImpactLevel, IncidentIn, Progress, UpdateIn
from portal.status.windows import WindowIn
from portal.unit_of_work import By
from tests import renders
from tests.clocks import StandingClock
from tests.instants import DAY, HOUR, NOW
from tests.sites import Site, another


def test_a_notice_that_is_what_it_was_is_rendered_once(
    site: Site, still: StandingClock, monkeypatch: pytest.MonkeyPatch
):
    status = site.portal.status
    status.components.add(By("a"), ComponentIn(slug="c1", name="One"))
    for number in range(1, 31):
        begins = NOW + number * DAY
        plan = {"starts_at": begins, "ends_at": begins + HOUR, "components": ["c1"]}
        status.windows.schedule(By("a"), WindowIn(title=f"W{number}", **plan))
    opened = [
        status.incidents.open(
            By("a"), IncidentIn(title=f"I{number}", impact=ImpactLevel.MINOR, message="We look.")
        )
        for number in range(12)
    ]
    rendered = renders.noted(monkeypatch)
    status.incidents.update(
        By("a"), opened[-1].reference, UpdateIn(status=Progress.MONITORING, message="Better.")
    )
    assert rendered.count("parts/coming.html") == 0
    # As one of the three on top, and whole below them at the most.
    assert rendered.count("parts/notice.html") <= 4
    assert b"Better." in site.client().get("/").data


@pytest.mark.parametrize("seed", range(6))
def test_what_is_remembered_looks_like_what_is_made_anew(
    site: Site, still: StandingClock, seed: int
):
    """Whatever is done, in whichever order: a process that has just begun shows the same."""
    random, status = Random(seed), site.portal.status
    for number in range(3):
        status.components.add(By("a"), ComponentIn(slug=f"c{number}", name=f"C{number}"))
    incidents: list[str] = []
    windows: list[str] = []

    def open_incident() -> None:
        new = IncidentIn(
            title=f"I{len(incidents)}",
            impact=ImpactLevel.MAJOR,
            message="We look.",
            next_update_at=still.moment + timedelta(minutes=random.choice([5, 90])),
            components=[Impact(component=f"c{random.randrange(3)}", state=State.PARTIAL)],
        )
        incidents.append(status.incidents.open(By("a"), new).reference)

    def update() -> None:
        if incidents:
            new = UpdateIn(status=Progress.IDENTIFIED, message=f"Word {random.random()}")
            status.incidents.update(By("a"), random.choice(incidents), new)

    def plan() -> None:
        begins = still.moment + timedelta(minutes=random.randrange(1, 300))
        new = WindowIn(
            title=f"W{len(windows)}",
            message="**Work**",
            starts_at=begins,
            ends_at=begins + HOUR,
            components=[f"c{random.randrange(3)}"],
        )
        windows.append(status.windows.schedule(By("a"), new).reference)

    def rename() -> None:
        slug = f"c{random.randrange(3)}"
        status.components.edit(
            By("a"), slug, ComponentIn(slug=slug, name=f"C{random.randrange(1000)}")
        )

    def wait() -> None:
        still.advance(minutes=random.randrange(1, 45))

    for _ in range(25):
        random.choice([open_incident, update, plan, rename, wait])()
        site.portal.board.refresh()
    other = another(site)
    for path in ("/", "/banner", "/board"):
        assert site.client().get(path).data == other.client().get(path).data, path
