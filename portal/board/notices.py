"""The current notices within the bytes of a banner, and what is told further down instead.

Every browser polls the banner. However many notices there are, and however long, it stays small:
the most severe come first, long ones with their first words, and after some only their titles. All
of them are whole on the page.
"""

from collections.abc import Callable
from dataclasses import dataclass

from portal.board.banners import Banner
from portal.board.picture import Picture
from portal.status import prose

# Of all notices in the banner; the state of all and the tags around them take two thousand more.
MOST_BYTES = 7_500
# Longer ones are told by so many characters of their beginning.
MOST_OF_ONE, SHORT = 3_000, 200
# So many are shown, and of so many more the titles: the components are not far below.
MOST_SHOWN, MOST_NAMED = 3, 4

# A notice with the level of its heading, or `row` for its title alone, and its first words where
# it is not to be whole.
Render = Callable[[Banner, str, str], str]


@dataclass(frozen=True)
class Notices:
    """Rendered: those of the banner, how many more there are, and those that are whole below it."""

    shown: tuple[str, ...]
    named: tuple[str, ...]
    more: int
    whole: tuple[str, ...]


def fitted(picture: Picture, render: Render) -> Notices:
    """The notices of a picture, the most severe first."""
    shown: list[str] = []
    named: list[str] = []
    whole: list[str] = []
    left, more = MOST_BYTES, 0
    for banner in picture.active:
        is_whole = False
        if len(shown) < MOST_SHOWN:
            html = render(banner, "h2", "")
            is_whole = len(html.encode()) <= MOST_OF_ONE
            if not is_whole:
                html = render(banner, "h2", _beginning(banner))
            place = shown
        else:
            html, place = render(banner, "row", ""), named
        size = len(html.encode())
        if size > left or len(named) >= MOST_NAMED:
            more, is_whole = more + 1, False
        else:
            left -= size
            place.append(html)
        if not is_whole:
            whole.append(render(banner, "h3", ""))
    return Notices(tuple(shown), tuple(named), more, tuple(whole))


def _beginning(banner: Banner) -> str:
    text = " ".join(prose.to_text(banner.message).split())
    if len(text) <= SHORT:
        return text
    return f"{text[:SHORT].rpartition(' ')[0] or text[:SHORT]} …"
