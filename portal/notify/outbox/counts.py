"""How many deliveries of a notice are in which state, kept with the notice itself.

Counting the deliveries would read them all, and they are gone after a few days.
"""

from collections import Counter
from collections.abc import Iterable

from sqlalchemy import bindparam, update
from sqlalchemy.orm import Session

from portal.notify.outbox.delivery import State
from portal.status.notices import Notice

_TABLE = Notice.__table__
_ADD = {
    state: update(_TABLE)  # type: ignore[arg-type]
    .where(_TABLE.c.id == bindparam("notice"))
    .values({column: column + bindparam("times")})
    for state, column in (
        (State.SENT, _TABLE.c.sent),
        (State.DEAD, _TABLE.c.dead),
        (State.DROPPED, _TABLE.c.dropped),
    )
}


def add(session: Session, state: State, notices: Iterable[int], *, by: int = 1) -> None:
    """Count deliveries that came to a state, or with `by=-1` left it; a notice for each of them."""
    # In one order, so that two who count at once never wait for each other.
    for number, times in sorted(Counter(notices).items()):
        session.execute(_ADD[state], {"notice": number, "times": by * times})
