"""Announcements act by act: announced, changed, published, taken back and resolved."""

from types import SimpleNamespace
from typing import Any

import pytest

from portal.errors import RuleError, StaleVersionError
from portal.status import announcements, windows
from portal.status.announcements import AnnouncementIn, StatusChange
from portal.status.windows import WindowIn
from portal.unit_of_work import By
from tests.instants import HOUR, MINUTE, NOW
from tests.status.world import World


def announce(world: World, **values: Any) -> Any:
    given = AnnouncementIn(**{"title": "News", "status": "active", **values})
    return world.status.announcements.create(By("ada"), given)


def test_a_slug_is_made_from_the_title_and_is_free(world: World):
    assert [announce(world).slug for _ in range(3)] == ["news", "news-2", "news-3"]
    assert announce(world, title="2030").slug == "a-2030"
    assert announce(world, title="Ünsere  große Nachricht!").slug == "unsere-groe-nachricht"
    assert announce(world, title="!!!").slug == "announcement"
    assert announce(world, slug="mine").slug == "mine"
    for slug in ("mine", "123"):
        with pytest.raises(RuleError, match="Choose another"):
            announce(world, slug=slug)


def test_what_is_found_by_number_or_name(world: World):
    first, second = announce(world), announce(world, slug="a1")
    row = world.status.windows.schedule(By("ada"), WindowIn(title="T", ends_at=NOW + HOUR))
    with world.open_session() as session:
        assert announcements.find(session, str(first.id)).slug == "news"  # type: ignore[union-attr]
        assert announcements.find(session, "a1").id == second.id  # type: ignore[union-attr]
        for ref in ("99", "nothing", "1" * 10, "١"):
            assert announcements.find(session, ref) is None
        assert windows.find(session, str(row.id)).reference == row.reference  # type: ignore[union-attr]
        assert windows.find(session, row.reference).id == row.id  # type: ignore[union-attr]
        for ref in ("99", "nothing", "1" * 10, "١"):
            assert windows.find(session, ref) is None
        rows, total = announcements.listed(session, now=NOW, limit=1, offset=0)
        assert ([one.slug for one in rows], total) == (["a1"], 2)


def test_a_slug_of_digits_that_is_no_number_of_a_row_is_looked_for_by_name(world: World):
    row = announce(world)
    with world.open_session() as session:
        session.get(announcements.Announcement, row.id).slug = "77"  # type: ignore[union-attr]
        session.commit()
        assert announcements.find(session, "77").id == row.id  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({}, ["published"]),
        ({"status": "draft"}, []),
        ({"status": "scheduled", "starts_at": NOW + HOUR}, []),
    ],
)
def test_what_is_announced_is_told_when_it_runs(world: World, values, told):
    announce(world, **values)
    assert world.told() == told


def test_an_edit_keeps_the_slug(world: World):
    announce(world)
    for slug in (None, "news"):
        given = AnnouncementIn(slug=slug, title="Other", status="active")
        world.status.announcements.edit(By("ada"), "news", given)
    given = AnnouncementIn(slug="other", title="Other", status="active")
    with pytest.raises(RuleError, match="cannot be changed"):
        world.status.announcements.edit(By("ada"), "news", given)
    given = AnnouncementIn(title="Other", status="active")
    with pytest.raises(StaleVersionError):
        world.status.announcements.edit(By("ada", version=1), "news", given)


def change(world: World, status: str, **values: Any) -> Any:
    given = StatusChange(status=status, **values)
    return world.status.announcements.set_status(By("bob"), "news", given)


def test_a_draft_is_published_taken_back_and_resolved(world: World):
    announce(world, status="draft", starts_at=NOW + HOUR, ends_at=NOW + 2 * HOUR)
    assert change(world, "draft").published_at is None
    row = change(world, "active")
    assert (row.starts_at, row.ends_at, row.published_at) == (NOW, NOW + 2 * HOUR, NOW)
    assert row.is_draft is False
    world.still.advance(minutes=1)
    row = change(world, "draft")
    assert (row.is_draft, row.published_at) == (True, NOW)
    row = change(world, "active", ends_at=NOW + 3 * HOUR)
    assert (row.ends_at, row.published_at, row.starts_at) == (NOW + 3 * HOUR, NOW, NOW)
    with pytest.raises(RuleError, match="end cannot be changed"):
        change(world, "resolved", ends_at=NOW + HOUR)
    row = change(world, "resolved")
    assert (row.resolved_at, row.ends_at) == (NOW + MINUTE, NOW + 3 * HOUR)
    assert world.logged()[1] == {"ref": "news", "before": "active", "after": "resolved"}
    with pytest.raises(RuleError, match="Create a new one"):
        change(world, "active")
    assert world.told() == ["published", "resolved"]


def test_one_that_is_scheduled_keeps_its_start(world: World):
    announce(world, status="draft", starts_at=NOW + HOUR)
    row = change(world, "scheduled")
    assert (row.starts_at, row.is_draft) == (NOW + HOUR, False)
    assert world.told() == []


@pytest.mark.unit
@pytest.mark.parametrize("find", [announcements.find, windows.find])
@pytest.mark.parametrize(("digits", "is_number"), [(9, True), (10, False)])
def test_a_number_that_no_row_can_have_is_a_name(find, digits: int, is_number: bool):
    asked: list[str] = []
    session = SimpleNamespace(
        get=lambda *_: asked.append("number"), scalar=lambda _: asked.append("name")
    )
    find(session, "1" * digits)
    assert asked[0] == ("number" if is_number else "name")
