"""The delivering half of `portal worker` in a process of its own, with less patience."""

import os
import signal
import threading
from datetime import timedelta

from portal.cli import application
from portal.notify import dispatcher
from portal.notify.channels.mail import Mail
from portal.notify.channels.smtp import Conversation
from portal.notify.outbox import claims
from portal.store import lease
from portal.worker import delivery


def main() -> None:
    claims.PAUSES = (timedelta(seconds=0.2),) * 8
    dispatcher.FIRST_PAUSE = timedelta(seconds=0.3)
    dispatcher.LONGEST_PAUSE = timedelta(seconds=0.6)
    seconds = float(os.environ.get("POSTMAN_LEASE", "0.6"))
    lease.TTL = timedelta(seconds=seconds)
    delivery.RENEW_EVERY = timedelta(seconds=seconds / 6)
    Conversation.connect_seconds = Conversation.answer_seconds = 1.0
    Mail.unusable_seconds = 0.2
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    portal = application.portal()
    delivery.run(portal, f"postman {os.getpid()}", stop)


if __name__ == "__main__":
    main()
