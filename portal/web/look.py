"""The site's own look: the files of `PORTAL_LOOK_DIR`, the accent, and what stands at the root.

They are answers like those of `portal.web.statics`, below `/static/look/`, of one app alone.
"""

import json
from collections.abc import Iterator
from pathlib import Path

from portal import ROOT, clock
from portal.board.answer import Answer
from portal.settings import Settings
from portal.web import statics
from portal.web.statics import Statics

BELOW = "/static/look/"
SUFFIXES = frozenset(
    {".svg", ".png", ".jpg", ".jpeg", ".webp", ".gif", ".ico", ".css", ".woff", ".woff2"}
)
MOST_BYTES = 1024 * 1024
_EMBED = "/static/js/embed.js"
_OWN = {"favicon.svg", "favicon.ico", "touch-icon.png"}


class Look:
    """What is the site's own, by its plain name; the portal's own stands in for what is not."""

    def __init__(self, settings: Settings) -> None:
        files = dict(_files(settings.look_dir))
        style = (_accent(settings) + files.pop("style.css", b"").decode("utf-8", "replace")).strip()
        if style:
            files["style.css"] = style.encode()
        self._own = Statics(files.items(), BELOW)
        self._shared = statics.load(ROOT / "static")
        self._at_root = Statics(self._root_files(settings).items(), "/").answers()

    def find(self, path: str) -> Answer | None:
        """The answer of a file, here or of the portal."""
        return self._own.find(path) or self._at_root.get(path) or self._shared.find(path)

    def url(self, name: str) -> str:
        """Where a file is, with its hash; empty where there is none."""
        own = self._own.names.get(BELOW + name, "")
        return own or (self._shared.names.get(f"/static/{name}", "") if name in _OWN else "")

    def _root_files(self, settings: Settings) -> dict[str, bytes]:
        """What browsers and robots look for at the root."""
        found = {"robots.txt": b"User-agent: *\nDisallow: /panel\nDisallow: /api/\n"}
        for name, source in (
            ("favicon.ico", "favicon.ico"),
            ("apple-touch-icon.png", "touch-icon.png"),
        ):
            answer = self._own.find(BELOW + source) or self._shared.find(f"/static/{source}")
            if answer:
                found[name] = answer.body
        icons = (
            ("favicon.svg", "any", "image/svg+xml"),
            ("touch-icon.png", "180x180", "image/png"),
        )
        manifest = {
            "name": settings.site_name,
            "short_name": settings.site_name[:30],
            "start_url": f"{settings.prefix}/",
            "display": "browser",
            "background_color": "#f6f7f9",
            "theme_color": settings.accent.light if settings.accent else "#2456d6",
            "icons": [
                {"src": settings.prefix + self.url(name), "sizes": sizes, "type": kind}
                for name, sizes, kind in icons
                if self.url(name)
            ],
        }
        found["embed/banner.js"] = embedded.body if (embedded := self._shared.find(_EMBED)) else b""
        found["site.webmanifest"] = json.dumps(manifest, ensure_ascii=False).encode()
        if settings.security_contact:
            found[".well-known/security.txt"] = _security(settings).encode()
        return found


def _files(folder: Path | None) -> Iterator[tuple[str, bytes]]:
    for path in sorted(folder.rglob("*")) if folder else ():
        if path.suffix.lower() in SUFFIXES and path.is_file() and path.stat().st_size <= MOST_BYTES:
            yield path.relative_to(folder or path).as_posix(), path.read_bytes()


def _accent(settings: Settings) -> str:
    if settings.accent is None:
        return ""
    light, dark = settings.accent
    return f":root {{ --accent: light-dark({light}, {dark}); }}\n"


def _security(settings: Settings) -> str:
    """As RFC 9116 has it; what it says holds for a year from when the process began."""
    now = clock.now()
    expires = f"{now.year + 1}-{now:%m}-01T00:00:00Z"
    lines = [f"Contact: {settings.security_contact}", f"Expires: {expires}"]
    if settings.external_url:
        lines.append(f"Canonical: {settings.url}/.well-known/security.txt")
    return "\n".join(lines) + "\n"
