"""What is made for one component or window when first asked for: its page, badge and calendar."""

from collections.abc import Callable

from portal.board import badges, calendars
from portal.board.components import ComponentView
from portal.board.languages import Choice
from portal.board.picture import Picture
from portal.board.site import Document, Site

HTML = "text/html; charset=utf-8"
Make = Callable[[Choice], Document]
# What makes the answer to a path; None where there is no such thing.
Find = Callable[[Picture, str], Make | None]
# The page of a component.
Page = Callable[[Picture, ComponentView, Choice], bytes]


def finder(site: Site, page_of: Page) -> Find:
    """Looks things up by `/components/<slug>`, `…/badge.svg` and `/maintenance/<reference>.ics`."""

    def find(picture: Picture, path: str) -> Make | None:
        _, kind, name, *rest = [*path.split("/"), ""]
        if kind == "maintenance" and name.endswith(".ics") and rest == [""]:
            ref = name.removesuffix(".ics")
            if calendars.has_window(picture, ref):
                return lambda choice: calendars.of_window(picture, site, ref)
        if kind == "components":
            for one in picture.public_components:
                if one.slug == name:
                    return _of_component(picture, one, rest, site, page_of)
        return None

    return find


def _of_component(
    picture: Picture, one: ComponentView, rest: list[str], site: Site, page_of: Page
) -> Make | None:
    if rest == [""]:
        return lambda choice: (HTML, page_of(picture, one, choice))
    if rest == ["badge.svg", ""]:
        return lambda choice: badges.of_component(one, site)
    return None
