"""What is made for one thing when first asked for: pages of components, badges, calendars."""

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
    """By `/components/<slug>`, `…/badge.svg`, `/monitors/…/badge.svg`, `/maintenance/….ics`."""

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
        if kind == "monitors" and rest == ["badge.svg", ""]:
            for watched in picture.monitors:
                if watched.slug == name:
                    return lambda choice: badges.of_monitor(watched, site)
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
