"""The badge of the portal, of a component and of a monitor; on values alone."""

from xml.etree import ElementTree

import pytest

from portal.board import badges
from portal.board.components import ComponentView
from portal.monitors.health import Health
from portal.monitors.public_views import PublicMonitor
from portal.status.components import State
from tests.board.documents import SITE
from tests.board.pictures import part, picture
from tests.instants import NOW

pytestmark = pytest.mark.unit


def test_the_badge_is_as_wide_as_its_word():
    _, body = badges.badge(picture(components=(part("api"),)), SITE)
    text = body.decode()
    right = 16 + round(len("All systems operational") * 6.6)
    assert f'width="{52 + right}" height="20" role="img"' in text
    assert f'<rect width="{52 + right}"' in text
    assert f'<path d="M52 0h{right - 4}a4' in text
    assert '<text x="60" y="14">All systems operational</text>' in text
    assert "#127a46" in text


def test_the_badge_of_a_portal_that_watches_nothing_is_grey():
    text = badges.badge(picture(), SITE)[1].decode()
    assert "status: Nothing is monitored yet" in text
    assert "#127a46" not in text


@pytest.mark.parametrize(
    ("one", "said"),
    [
        (part("api"), "api: operational"),
        (part("api", is_unknown=True), "api: unknown"),
        (part("api", State.MAJOR, is_unknown=True), "api: major outage"),
    ],
)
def test_the_badge_of_a_component_says_what_is_known(one: ComponentView, said: str):
    assert f"<title>{said}</title>" in badges.of_component(one, SITE)[1].decode().lower()


@pytest.mark.parametrize(
    ("health", "uptime", "said"),
    [
        (Health.UP, None, "Shop: up"),
        (Health.DOWN, 0.9951, "Shop: down · 99.51% in 30 days"),
        (Health.UNKNOWN, 0.0, "Shop: unknown · 0.00% in 30 days"),
    ],
)
def test_the_badge_of_a_monitor_says_its_uptime(health: Health, uptime: float | None, said: str):
    one = PublicMonitor("shop", "Shop", "api", health, uptime, NOW)
    assert f"<title>{said}</title>" in badges.of_monitor(one, SITE)[1].decode()


@pytest.mark.parametrize(
    ("text", "width"),
    [("aaaaa", 33), ("a.a", 17), ("a\u202f%", 17), ("稼働", 22), ("\u2fff", 7), ("\u3000", 11)],
)
def test_letters_of_a_badge_have_a_width(text: str, width: int):
    assert badges._width(text) == width


def test_a_badge_is_well_formed_whatever_the_name():
    name = "The \"new\" <API> & 'more'"
    found = ElementTree.fromstring(badges.of_component(part("api", name=name), SITE)[1])
    assert found.attrib["aria-label"].lower() == f"{name}: operational".lower()
    texts = [one.text for one in found.iter("{http://www.w3.org/2000/svg}text")]
    assert texts[0] == name
