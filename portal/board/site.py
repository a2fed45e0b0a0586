"""Where feeds, calendars and pages belong to, and what may stand in them."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from portal.board.banners import Banner

# What is made of a picture: its content type and body.
Document = tuple[str, bytes]
# What XML 1.0 cannot hold, escaped or not.
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class Site:
    """Where the feeds belong to; `url` has no slash at its end and may be empty.

    `say` gives a word in the language that is spoken now, `share` a share of time.
    """

    name: str
    url: str
    say: Callable[[str], str] = str
    share: Callable[[float], str] = "{:.2%}".format

    def id_of(self, banner: Banner) -> str:
        """A name for good, of the tag scheme (RFC 4151) where there is an address."""
        host = urlsplit(self.url).hostname
        stem = f"tag:{host},2026:" if host else "urn:portal:"
        return f"{stem}{banner.kind}:{banner.ref}"

    def link_to(self, banner: Banner) -> str:
        paths = {"incident": f"/incidents/{banner.ref}", "window": f"/maintenance/{banner.ref}"}
        return self.url + paths.get(banner.kind, "/")


def clean(text: str) -> str:
    return _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text)
