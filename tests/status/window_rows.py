"""Windows that run, come and are over, as rows and as they are given."""

from datetime import timedelta
from typing import Any

from portal.status.windows import Window, WindowIn
from tests import rows
from tests.instants import HOUR, NOW


def window(starts: timedelta = -HOUR, ends: timedelta = HOUR, **values: Any) -> Window:
    """A valid window; its times are told from now."""
    times = {"starts_at": NOW + starts, "ends_at": NOW + ends, "first_ends_at": NOW + ends}
    named = {"reference": "m-abcdef", "title": "Upgrade", "components": ["api"]}
    made = {"created_by": "ada", "created_at": NOW - 2 * HOUR, "updated_at": NOW - 2 * HOUR}
    return rows.window(**{"id": 1, "channels": ["web"], **named, **times, **made, **values})


def window_in(**values: Any) -> WindowIn:
    return WindowIn(**{"title": "Upgrade", "ends_at": NOW + HOUR, **values})


SCHEDULED = {"starts": HOUR, "ends": 2 * HOUR}
ACTIVE = {"starts": -HOUR, "ends": HOUR}
ENDED = {"starts": -2 * HOUR, "ends": -HOUR}
CANCELLED = {**SCHEDULED, "cancelled_at": NOW}
PROPOSED = {**SCHEDULED, "awaits_approval": True}
