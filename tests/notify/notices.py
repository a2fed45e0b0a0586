"""A notice of a window as a value, to be told in words."""

from typing import Any

from portal.status.notices import Notice
from tests import rows

NAMES = {"api": "API", "web": "Web"}


def notice(**values: Any) -> Notice:
    return rows.notice(**{"id": 7, "message": "m", **values})
