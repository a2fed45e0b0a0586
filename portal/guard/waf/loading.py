"""Which engine a setting asks for, and which libmodsecurity there is for it.

The distribution's library comes first: the distribution mends it and what it is linked to. The
wheel's stands in where the distribution has none, as on a developer's machine; it carries an
OpenSSL and a libxml2 that nobody mends any more, but our rules ask for neither.
"""

import json
import sys
from collections.abc import Iterator
from ctypes.util import find_library
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import structlog

from portal.guard.waf.engine import Engine, Off, WafError
from portal.guard.waf.library import Library
from portal.guard.waf.modsecurity import ModSecurity
from portal.guard.waf.rules import crs_text

_log = structlog.get_logger()
RULES = Path(__file__).parents[1] / "rules"
_OF_THE_SYSTEM = "the system's"
_OF_THE_WHEEL = "the wheel's"
_HOW = "install libmodsecurity3 (Debian, Ubuntu) or libmodsecurity (Alpine, Fedora, Homebrew)"


def load(engine: str, *, crs: Path | None = None, crs_blocks: bool = False) -> Engine:
    """The engine of a setting; WafError when its rules do not prove themselves with any library."""
    if engine == "off":
        return Off("switched off")
    text = (RULES / "portal.conf").read_text(encoding="utf-8")
    proofs = json.loads((RULES / "proofs.json").read_text(encoding="utf-8"))
    core = crs_text(crs) if crs else ""
    broken: WafError | None = None
    reasons = []
    for file, origin in places():
        try:
            library = _opened(file, origin)
        except WafError as error:
            reasons.append(str(error))
            continue
        try:
            return ModSecurity(
                library, text, proofs, crs=core, crs_blocks=crs_blocks, because="; ".join(reasons)
            )
        except WafError as error:
            _log.warning("waf.library_refused", library=library.name, reason=str(error))
            reasons.append(f"{library.name}: {error}")
            broken = broken or error
    if broken is not None:
        raise broken
    return Off("; ".join([*reasons, _HOW]))


def places() -> Iterator[tuple[str, str]]:
    """Files that may be libmodsecurity, and whose they are; the better one first."""
    if sys.platform == "darwin":
        yield find_library("modsecurity") or "libmodsecurity.3.dylib", _OF_THE_SYSTEM
    else:
        yield "libmodsecurity.so.3", _OF_THE_SYSTEM
    # Without importing the package: its Python module would load a copy of its own.
    spec = find_spec("libmodsecurity")
    if spec is not None and spec.origin is not None:
        package = Path(spec.origin).parent
        for found in (
            *package.parent.glob("libmodsecurity.libs/libmodsecurity-*.so*"),
            *package.glob(".dylibs/libmodsecurity*.dylib"),
        ):
            yield str(found), _OF_THE_WHEEL


@lru_cache
def _opened(file: str, origin: str) -> Library:
    """One copy a process, however many apps it makes."""
    return Library(file, origin)
