"""The current notices within the bytes of a banner, and what is told further down instead.

Every browser polls the banner. However many notices there are, and however long, it stays small:
the most severe come first, long ones with their first words. All of them are whole on the page.
"""

from collections.abc import Callable
from dataclasses import dataclass

from portal.board.banners import Banner
from portal.board.picture import Picture
from portal.status import prose

# Of all notices in the banner; the state of all and the tags around them take two thousand more.
MOST_BYTES = 7_500
# Longer ones are told by so many characters of their beginning.
MOST_OF_ONE, SHORT = 2_500, 300

# A notice with the number of its earlier updates, the level of its heading, and its first words
# where it is not to be whole.
Render = Callable[[Banner, int, str, str], str]


@dataclass(frozen=True)
class Notices:
    """Rendered: those of the banner, how many more there are, and those that are whole below it."""

    shown: tuple[str, ...]
    more: int
    whole: tuple[str, ...]


def fitted(picture: Picture, render: Render) -> Notices:
    """The notices of a picture, the most severe first."""
    shown: list[str] = []
    whole: list[str] = []
    left, more = MOST_BYTES, 0
    for banner in picture.active:
        earlier = _earlier(picture, banner)
        html = render(banner, earlier, "h2", "")
        is_whole = len(html.encode()) <= MOST_OF_ONE
        if not is_whole:
            html = render(banner, earlier, "h2", _beginning(banner))
        left -= len(html.encode())
        if left < 0:
            more += 1
        else:
            shown.append(html)
        if left < 0 or not is_whole:
            whole.append(render(banner, earlier, "h3", ""))
    return Notices(tuple(shown), more, tuple(whole))


def _beginning(banner: Banner) -> str:
    text = " ".join(prose.to_text(banner.message).split())
    return text if len(text) <= SHORT else f"{text[:SHORT].rstrip()} …"


def _earlier(picture: Picture, banner: Banner) -> int:
    """How many updates of an incident came before the one that its banner tells."""
    incident = picture.incident(banner.ref) if banner.kind == "incident" else None
    return max(0, len(incident.updates) - 1) if incident else 0
