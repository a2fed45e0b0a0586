"""The delivering half of `portal worker` in a process of its own, with less patience."""

import signal
import threading
from datetime import timedelta

from portal.cli import application
from portal.notify import delivery as sending
from portal.notify.channels.mail import Mail
from portal.notify.outbox import claims
from portal.store import lease
from portal.worker import delivery


def main() -> None:
    claims.PAUSES = (timedelta(seconds=0.2),) * 8
    sending.FIRST_PAUSE = timedelta(seconds=0.3)
    sending.LONGEST_PAUSE = timedelta(seconds=0.6)
    lease.TTL = timedelta(seconds=0.6)
    delivery.RENEW_EVERY = timedelta(seconds=0.1)
    Mail.patience = {"connect_seconds": 1.0, "answer_seconds": 1.0, "closed_seconds": 0.2}
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    portal = application.portal()
    delivery.run(portal, f"postman {threading.get_native_id()}", stop)


if __name__ == "__main__":
    main()
