"""Pages of the panel and fragments of them."""

from flask import Response, g, make_response, render_template

from portal import clock, web
from portal.accounts.roles import Scope
from portal.web.access import Caller


def panel(template: str, *, status: int = 200, **context: object) -> Response:
    """A page or fragment of the panel with what every one of them needs."""
    portal = web.current()
    caller: Caller | None = g.get("caller")
    response = make_response(
        render_template(
            template,
            site_name=portal.settings.site_name,
            operator=caller.operator if caller else None,
            may_write=caller is not None and Scope.MAINTENANCE_WRITE in caller.scopes,
            may_incident=caller is not None and Scope.INCIDENTS_WRITE in caller.scopes,
            may_block=caller is not None and Scope.PERIMETER_WRITE in caller.scopes,
            may_audit=caller is not None and Scope.AUDIT_READ in caller.scopes,
            runbook_url=portal.overview.runbook,
            contacts=portal.settings.contacts,
            poll_seconds=portal.settings.panel_poll_seconds,
            sustained_after=portal.settings.sustained_after.total_seconds(),
            is_read_only=portal.checks.is_read_only,
            now=clock.now(),
            **context,
        ),
        status,
    )
    response.headers["Cache-Control"] = "no-store"
    response.headers["Vary"] = "HX-Request, Cookie"
    return response
