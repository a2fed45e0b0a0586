"""Acknowledging an alert: who takes care of it, so that the others need not.

It is the episode that is acknowledged: an alert that ends and comes back is a new one.
"""

from datetime import datetime

from portal.errors import found
from portal.runtime import episodes
from portal.runtime.episode import Episode
from portal.runtime.snapshot import Alert
from portal.schemas import Camel
from portal.store.errors import again_if_taken
from portal.unit_of_work import Acts, Transaction, act


class AlertName(Camel):
    """Which alert is meant; `subject` tells several of one name apart."""

    alert: str
    subject: str = ""


class Acknowledged(Camel):
    alert: str
    subject: str
    title: str
    acknowledged_at: datetime | None
    acknowledged_by: str | None


class Acknowledgements(Acts):
    """Acts on alerts that hold; nothing of them is public."""

    revision = None

    @again_if_taken
    @act
    def acknowledge(
        self, tx: Transaction, alert: str, subject: str, held: Alert | None = None
    ) -> Episode:
        """Take care of an alert; NotFoundError when it does not hold.

        `held` is the alert as a snapshot has it: one may be seen before its episode is stored. To
        acknowledge twice changes nothing: the first one stays named.
        """
        row = episodes.open_one(tx.session, alert, subject)
        if row is None and held is not None:
            row = episodes.begin(tx.session, held, now=tx.now)
        row = found(row)
        if row.acknowledged_at is None:
            row.acknowledged_at, row.acknowledged_by = tx.now, tx.by.actor
            tx.audit("monitoring.episode.acknowledged", alert=alert, subject=subject)
        return row

    @act
    def withdraw(
        self, tx: Transaction, alert: str, subject: str, *, own_only: bool = False
    ) -> Episode:
        """Nobody takes care of it any more; NotFoundError when it does not hold.

        With `own_only` an acknowledgement by somebody else stays.
        """
        row = found(episodes.open_one(tx.session, alert, subject))
        is_meant = not own_only or row.acknowledged_by == tx.by.actor
        if row.acknowledged_at is not None and is_meant:
            row.acknowledged_at = row.acknowledged_by = None
            tx.audit("monitoring.episode.unacknowledged", alert=alert, subject=subject)
        return row
