"""The outbox: who is to be told what, and how far that is."""

from portal.notify.outbox.acts import Deliveries
from portal.notify.outbox.addressing import AT_ONCE, address, has_unaddressed
from portal.notify.outbox.claims import CLAIMED_FOR, Claims, claim, held, release, retry, settle
from portal.notify.outbox.delivery import (
    CHAT,
    FAILED_SHOWN,
    STUCK_AFTER,
    Claim,
    Delivery,
    Outcome,
    Result,
    State,
    subscriber_of,
)
from portal.notify.outbox.due import LONGEST_WAIT, has_work, is_waiting, queues
from portal.notify.outbox.queries import DeadLetter, Figures, NoticeOut, dead_letters, figures, page
from portal.notify.outbox.retention import KEPT, SWEPT_AT_ONCE, drop_all, drop_of, sweep
from portal.notify.outbox.superseding import NO_SERVER, Pair, drop_superseded, give_up, pairs
