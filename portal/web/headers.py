"""The headers of every answer, and the paths that scripts of any origin may read."""

from portal.settings import Settings

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
    " font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none';"
    " frame-ancestors 'none'"
)
SECURITY_HEADERS = (("X-Content-Type-Options", "nosniff"), ("Referrer-Policy", "same-origin"))
PAGE_HEADERS = (
    ("Content-Security-Policy", POLICY),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Permissions-Policy", "camera=(), geolocation=(), microphone=()"),
)
# What any origin may read when PORTAL_PUBLIC_CORS says so.
PUBLIC_READS = frozenset(
    {
        "/",
        "/banner",
        "/board",
        "/embed",
        "/api/status",
        "/api/runtime/maintenance",
        "/api/openapi.json",
        "/api/docs",
        "/feed.atom",
        "/feed.rss",
        "/history.atom",
        "/history.rss",
        "/feed.json",
        "/calendar.ics",
        "/badge.svg",
        "/api/v2/summary.json",
        "/api/v2/status.json",
        "/api/v2/components.json",
        "/api/v2/incidents.json",
        "/api/v2/incidents/unresolved.json",
        "/api/v2/scheduled-maintenances.json",
        "/api/v2/scheduled-maintenances/upcoming.json",
        "/api/v2/scheduled-maintenances/active.json",
    }
)


def embed(settings: Settings) -> tuple[tuple[str, str], ...]:
    """Of the page that other sites show in a frame: those of the settings, and no others."""
    ancestors = " ".join(settings.embed_origins) or "'none'"
    policy = POLICY.replace("frame-ancestors 'none'", f"frame-ancestors {ancestors}")
    return (("Content-Security-Policy", policy), *PAGE_HEADERS[1:])


def of(settings: Settings) -> tuple[tuple[str, str], ...]:
    """What goes with every answer; a browser is held to https only where links lead there."""
    if settings.external_url.startswith("https://"):
        return (*SECURITY_HEADERS, ("Strict-Transport-Security", "max-age=63072000"))
    return SECURITY_HEADERS
