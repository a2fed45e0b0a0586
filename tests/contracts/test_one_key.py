"""One Idempotency-Key is one act and one answer, however many requests bring it at once."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.sites import Site

BASE = "/api/admin/runtime"
# What only one can make: the others are refused by a rule, or by the database.
WRITES: list[tuple[str, dict[str, Any]]] = [
    (
        "maintenance/perimeter/blocks",
        {"scope": "ip", "value": "203.0.113.9", "duration": "1h", "reason": "floods"},
    ),
    ("maintenance", {"slug": "notice", "title": "T", "severity": "info", "status": "draft"}),
    ("components", {"slug": "api", "name": "API"}),
    ("incidents", {"title": "T", "message": "m", "impact": "minor"}),
]


@pytest.mark.parametrize(("path", "body"), WRITES, ids=[path for path, _ in WRITES])
def test_a_write_that_comes_many_times_at_once(either: Site, path: str, body: dict[str, Any]):
    headers = either.bearer() | {"Idempotency-Key": "one"}

    def send(_: int) -> Any:
        return either.client().post(f"{BASE}/{path}", json=body, headers=headers)

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(send, range(8)))
    assert {one.status_code for one in answers} == {201}
    assert len({one.data for one in answers}) == 1


def test_a_change_of_one_version_that_comes_many_times_at_once(either: Site):
    headers = either.bearer()
    new = {"title": "T", "message": "m", "impact": "minor"}
    made = either.client().post(f"{BASE}/incidents", json=new, headers=headers)
    headers |= {"Idempotency-Key": "two", "If-Match": made.headers["ETag"]}
    path = f"{BASE}/incidents/{made.get_json()['reference']}/updates"

    def send(_: int) -> Any:
        update = {"status": "identified", "message": "m"}
        return either.client().post(path, json=update, headers=headers)

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(send, range(8)))
    assert {one.status_code for one in answers} == {201}
    assert len({one.headers["ETag"] for one in answers}) == 1
