"""How much a browser is sent, whatever lies there; counted, not timed."""

from portal.board import notices
from portal.status.announcements import AnnouncementIn
from portal.status.components import ComponentIn
from portal.status.incidents import Incident
from portal.store import revision
from portal.unit_of_work import By
from tests.board.pictures import banner, picture
from tests.board.pictures import event as incident
from tests.clocks import StandingClock
from tests.sites import Site


def test_the_banner_is_small_whatever_lies_there(site: Site, still: StandingClock):
    """Every browser polls it; what does not fit is on the page, whole."""
    status, text = site.portal.status, "**Words** & <more> of them. " * 170
    for number in range(60):
        status.components.add(By("a"), ComponentIn(slug=f"c{number}", name=f"C{number}"))
    for number in range(25):
        title = f"{number} {'<&> ' * 55}"
        new = AnnouncementIn(title=title, message=text, status="active")
        status.announcements.create(By("a"), new)
    client = site.client()
    small = client.get("/banner").data
    assert len(small) <= 10_000
    assert b"more notices" in small
    page = client.get("/").get_data(as_text=True)
    assert page.count("<strong>Words</strong>") >= 25 * 170
    assert "C59" in page


def test_the_page_does_not_grow_with_what_is_past(grown: Site, still: StandingClock):
    client = grown.client()
    page = client.get("/").data
    with grown.portal.core.open_session() as session:
        session.query(Incident).filter(Incident.id > 10).delete()
        revision.advance(session)
        session.commit()
    grown.portal.board.refresh()
    assert len(page) <= 1.6 * len(client.get("/").data)


def test_long_notices_are_told_by_their_beginning_and_whole_below():
    def render(one, level: str, short: str) -> str:
        return f"{one.ref} {level} {short or one.message}"

    long = "word " * 1000
    shown = picture(
        banner("b", kind="announcement", severity="security", message=long),
        banner("i", kind="incident", severity="incident", message="m"),
        *(banner(f"m{number}", message="x" * 2000) for number in range(8)),
        incidents=(incident("i", updates=[]),),
    )
    found = notices.fitted(shown, render)
    assert found.shown[0].startswith("b h2 word word")
    assert found.shown[0].endswith("word …")
    assert len(found.shown[0]) <= notices.SHORT + 10
    assert found.shown[1:] == ("i h2 m", f"m0 h2 {'x' * 2000}")
    # Then the titles alone, as far as there is room.
    assert [one.split()[:2] for one in found.named] == [["m1", "row"], ["m2", "row"]]
    assert sum(map(len, (*found.shown, *found.named))) <= notices.MOST_BYTES
    assert found.more == 5
    # Those that are cut and those that are left out are whole below.
    assert [one.split()[0] for one in found.whole] == ["b", *[f"m{n}" for n in range(1, 8)]]
    assert f"b h3 {long.strip()}" in found.whole


def test_however_short_the_notices_are_a_few_are_shown():
    shown = picture(*(banner(f"m{number}") for number in range(30)))
    found = notices.fitted(shown, lambda one, level, short: one.ref)
    assert len(found.shown) == notices.MOST_SHOWN
    assert len(found.named) == notices.MOST_NAMED
    assert found.more == 30 - notices.MOST_SHOWN - notices.MOST_NAMED
    assert len(found.whole) == 30 - notices.MOST_SHOWN
