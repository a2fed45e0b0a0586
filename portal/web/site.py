"""What every public page knows of the site: its name, its address, and how it looks."""

from dataclasses import dataclass

from portal.notify import subscribers
from portal.notify.subscribers import SubscriberKind
from portal.settings import Settings
from portal.settings.look import Link
from portal.status import prose
from portal.web.look import Look


@dataclass(frozen=True)
class Site:
    """`url` has no slash at its end, and is empty where no public address is set.

    So are the addresses of files that the site does not have; `note` is HTML. `has_mail` and
    `channels` are what readers may subscribe with.
    """

    name: str
    url: str
    has_mail: bool
    channels: tuple[str, ...]
    logo: str
    dark_logo: str
    favicon: str
    touch_icon: str
    style: str
    header_links: tuple[Link, ...]
    footer_links: tuple[Link, ...]
    note: str


def of(settings: Settings, look: Look) -> Site:
    offered = subscribers.offered(settings)
    logo = next(filter(None, (look.url(f"logo.{kind}") for kind in ("svg", "png", "webp"))), "")
    dark = (look.url(f"logo-dark.{kind}") for kind in ("svg", "png", "webp"))
    return Site(
        name=settings.site_name,
        url=settings.external_url.rstrip("/"),
        has_mail=SubscriberKind.MAIL in offered,
        channels=tuple(one.value for one in offered if one is not SubscriberKind.MAIL),
        logo=logo,
        dark_logo=next(filter(None, dark), ""),
        favicon=look.url("favicon.svg"),
        touch_icon=look.url("touch-icon.png"),
        style=look.url("style.css"),
        header_links=settings.header_links,
        footer_links=settings.footer_links,
        note=prose.to_html(settings.page_note) if settings.page_note else "",
    )
