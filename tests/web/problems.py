"""A problem as the API tells it, and that nothing was stored."""

from portal import clock
from portal.audit import search
from portal.status import announcements, windows
from tests.sites import Site

BASE = "/api/admin/runtime/maintenance"
END = "2999-01-01T00:00:00Z"


def assert_problem(answer, status: int) -> dict:
    assert answer.status_code == status, answer.get_data(as_text=True)
    assert answer.content_type == "application/problem+json"
    body = answer.get_json()
    assert {"type", "title", "status", "detail"} <= set(body)
    assert body["status"] == status
    assert "Traceback" not in answer.get_data(as_text=True)
    return body


def assert_nothing_stored(site: Site) -> None:
    with site.portal.core.open_session() as session:
        assert announcements.listed(session, now=clock.now(), limit=5, offset=0)[1] == 0
        assert windows.listed(session, now=clock.now(), limit=5, offset=0)[1] == 0
        found, _ = search.search(session, event_type="announcement")
        assert found == []
