"""`portal worker`."""

import os
import secrets
import signal
import socket
import threading

import click

from portal.cli import application
from portal.rooms import Portal
from portal.store import files
from portal.worker import delivery, monitoring, rounds


@click.command()
def worker() -> None:
    """Run the background worker: samples, alerts, deliveries and retention."""
    settings = application.settings()
    files.tighten(settings)
    run(application.portal(settings))


def run(portal: Portal) -> None:
    """Work until told to stop."""
    portal.runtime.workers.is_supervised = True  # a round reads the reports once
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    holder = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
    delivering = threading.Thread(target=delivery.run, args=(portal, holder, stop), name="delivery")
    delivering.start()
    watching = threading.Thread(target=monitoring.run, args=(portal, holder, stop), name="monitors")
    watching.start()
    try:
        rounds.run(portal, holder, stop)
    finally:
        # Half a worker is none: what ends the rounds ends the deliveries, and a new one is started.
        stop.set()
        delivering.join()
        watching.join()
    rounds.say_stopped(portal)
