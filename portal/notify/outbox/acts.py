"""What operators do with deliveries."""

from portal.errors import found
from portal.notify.outbox import claims
from portal.notify.outbox.delivery import Delivery
from portal.unit_of_work import Acts, Transaction, act


class Deliveries(Acts):
    """Acts on deliveries; nothing of them is on the board."""

    revision = None

    @act
    def retry(self, tx: Transaction, number: int) -> Delivery:
        """Give a dead letter another life; NotFoundError when it is none."""
        row = found(claims.retry(tx.session, number, now=tx.now))
        tx.audit("maintenance.notification.retried", delivery=number)
        return row
