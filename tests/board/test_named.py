"""What is made for one thing by its path, and for whom there is nothing; on values alone."""

import pytest

from portal.board import named
from portal.board.languages import DEFAULT_CHOICE
from portal.board.site import Site
from portal.monitors.health import Health
from portal.monitors.public_views import PublicMonitor
from tests.board.pictures import banner, part, picture
from tests.instants import HOUR, NOW

pytestmark = pytest.mark.unit
FIND = named.finder(Site("Site", ""), lambda shown, one, choice: one.slug.encode())
SHOWN = picture(
    banner("m-1"),
    banner("said", kind="announcement"),
    banner("inside", audiences=["admin"]),
    cancelled=(banner("m-2"), banner("off-inside", audiences=["admin"])),
    components=(part("web"), part("api"), part("hidden", is_public=False)),
    monitors=tuple(
        PublicMonitor(slug, slug, "api", Health.UP, None, NOW + HOUR) for slug in ("home", "shop")
    ),
)


@pytest.mark.parametrize(
    ("path", "kind", "said"),
    [
        ("/maintenance/m-1.ics", "text/calendar; charset=utf-8", b"UID:m-1@"),
        ("/maintenance/m-2.ics", "text/calendar; charset=utf-8", b"UID:m-2@"),
        ("/components/api", named.HTML, b"api"),
        ("/components/api/badge.svg", "image/svg+xml", b"api: operational"),
        ("/monitors/shop/badge.svg", "image/svg+xml", b"shop: up"),
    ],
)
def test_what_has_a_path_is_made_for_it(path: str, kind: str, said: bytes):
    make = FIND(SHOWN, path)
    assert make is not None
    found, body = make(DEFAULT_CHOICE)
    assert found == kind
    assert said in body


@pytest.mark.parametrize(
    "path",
    [
        "/maintenance/said.ics",
        "/maintenance/inside.ics",
        "/maintenance/off-inside.ics",
        "/maintenance/m-1",
        "/maintenance/m-1.ics/more",
        "/maintenance/.ics",
        "/components/hidden",
        "/components/nothing",
        "/components/api/more",
        "/components/api/badge.svg/more",
        "/components",
        "/monitors/nothing/badge.svg",
        "/monitors/shop",
        "/monitors/shop/other.svg",
        "/monitors/shop/badge.svg/more",
        "/other/api",
        "/",
    ],
)
def test_for_anything_else_there_is_nothing(path: str):
    assert FIND(SHOWN, path) is None
