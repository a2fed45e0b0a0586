"""How many deliveries of a notice are in which state, kept with the notice itself.

Counting the deliveries would read them all, and they are gone after a few days.
"""

from collections import Counter
from collections.abc import Iterable

from sqlalchemy import update
from sqlalchemy.orm import Session

from portal.notify.outbox.delivery import State
from portal.status.notices import Notice

_SETTLED = (State.SENT, State.DEAD, State.DROPPED)


def add(session: Session, state: State, notices: Iterable[int], *, by: int = 1) -> None:
    """Count deliveries that came to a state, or with `by=-1` left it; a notice for each of them."""
    assert state in _SETTLED
    column = Notice.__table__.c[state.value]
    # In one order, so that two who count at once never wait for each other.
    for number, times in sorted(Counter(notices).items()):
        session.execute(
            update(Notice.__table__)  # type: ignore[arg-type]
            .where(Notice.__table__.c.id == number)
            .values({column: column + by * times})
        )
