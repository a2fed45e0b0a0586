"""Which query parameters the public addresses read; all others are nobody's.

Links are decorated by newsletters, chats and caches. What nothing reads is not inspected: it can do
no harm, and it must not cost a reader the page. Values of those that are read are checked strictly.
"""

from urllib.parse import unquote_plus

from portal.board import languages, maintenance

PUBLIC: dict[str, frozenset[str]] = {
    maintenance.PATH: maintenance.PARAMETERS,
    "/history": frozenset({"month"}),
}
_NONE: frozenset[str] = frozenset()
_EVERYWHERE = frozenset({languages.PARAMETER})
# Their readers are known, and every parameter is looked at.
_KNOWN_CALLERS = ("/panel", "/api/admin")


def read_part(path: str, query: str) -> str:
    """The part of a query that something reads."""
    if not query or path.startswith(_KNOWN_CALLERS):
        return query
    names = PUBLIC.get(path, _NONE) | _EVERYWHERE
    parts = query.split("&")
    return "&".join(one for one in parts if unquote_plus(one.partition("=")[0]) in names)
