"""Ten thousand subscribers, a mail server that misbehaves, and a worker that dies at random."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from datetime import timedelta
from http.server import ThreadingHTTPServer

import pytest

from portal import clock
from portal.notify import outbox
from portal.notify.channels.mail import CONNECTIONS
from portal.notify.channels.portion import LEAST
from portal.notify.outbox import CLAIMED_FOR, Delivery, State
from portal.status.incidents import IncidentIn
from portal.unit_of_work import By
from tests.conftest import Build
from tests.faults.mailing import (
    PEOPLE,
    POSTMAN,
    Hook,
    database,
    doubled,
    fill,
    leading,
    mailing,
    mood,
    open_deliveries,
    settings,
)
from tests.notify.post import Post, serving
from tests.patience import until
from tests.processes import ROOT


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.fault(23)
@pytest.mark.parametrize("engine_name", ["sqlite", "postgresql"])
@pytest.mark.process
def test_ten_thousand_get_a_notice_whoever_dies(
    build: Build, request: pytest.FixtureRequest, engine_name: str
):
    chance = random.Random(20260607)
    values = database(request, engine_name)
    target = ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    target.called = []  # type: ignore[attr-defined]
    threading.Thread(target=target.serve_forever, daemon=True).start()
    with serving(Post()) as post:
        mood(post, chance)
        site = mailing(build, post, values)
        fill(site, f"http://127.0.0.1:{target.server_port}/hook")
        environ = settings(site, post, values)

        def start() -> subprocess.Popen[bytes]:
            return subprocess.Popen([sys.executable, str(POSTMAN)], env=environ, cwd=ROOT)

        given = IncidentIn(title="Payments fail", impact="major", message="We look into it.")
        site.portal.status.incidents.open(By("test"), given)
        with site.portal.core.open_session() as session:
            # Publishing addressed nobody: it does not wait for ten thousand.
            assert session.query(Delivery).count() == 0

        process, deaths = start(), 0
        try:
            deadline = time.monotonic() + 900
            while open_deliveries(site) and time.monotonic() < deadline:
                time.sleep(chance.uniform(1.5, 3.5))
                if deaths < 12:
                    process.send_signal(signal.SIGKILL)
                    process.wait()
                    deaths += 1
                    process = start()
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)
            target.shutdown()
            target.server_close()

    assert deaths >= 5
    told = Counter(address for address, _ in post.taken)
    assert doubled(post) <= deaths * CONNECTIONS
    assert not [address for address, count in told.items() if count > 2]
    refused = {f"p{number}@example.com" for number in range(PEOPLE) if number % 500 == 7}
    assert set(told) == {f"p{number}@example.com" for number in range(PEOPLE)} - refused
    assert len(set(target.called)) == 1  # type: ignore[attr-defined]
    with site.portal.core.open_session() as session:
        dead = session.query(Delivery).filter(Delivery.state == State.DEAD)
        assert dead.count() == len(refused)
        assert {row.error for row in dead} == {"The recipient: 550 5.1.1 no such user"}


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.fault(33)
@pytest.mark.parametrize("engine_name", ["sqlite", "postgresql"])
@pytest.mark.process
def test_nobody_waits_longer_than_a_minute_when_the_sender_dies(
    build: Build, request: pytest.FixtureRequest, engine_name: str
):
    people = 120
    values = database(request, engine_name)
    with serving(Post()) as post:
        site = mailing(build, post, values)
        fill(site, "https://hook.example/unused", people)
        # The lease and the claims of real life: another takes over when theirs have run out.
        environ = settings(site, post, values, PORTAL_MAIL_RATE="20/second", POSTMAN_LEASE="30")
        given = IncidentIn(title="Payments fail", impact="major", message="We look into it.")
        site.portal.status.incidents.open(By("test"), given)
        first, second = (
            subprocess.Popen([sys.executable, str(POSTMAN)], env=environ, cwd=ROOT)
            for _ in range(2)
        )
        try:
            until(lambda: len(post.taken) > 30, seconds=60, what="the first mails")
            leader = leading(site)
            assert leader in (first.pid, second.pid)
            os.kill(leader, signal.SIGKILL)
            died = clock.boot_seconds()
            with site.portal.core.open_session() as session:
                held = session.query(Delivery).filter(Delivery.state == State.SENDING)
                # A second's worth, of which half is measured: one more in it makes two.
                assert held.count() <= LEAST + 2 + 1
                later = clock.now() + CLAIMED_FOR + timedelta(seconds=1)
                assert outbox.figures(session, now=later).stuck == held.count()
            until(
                lambda: len({address for address, _ in post.taken}) == people,
                seconds=120,
                what="the last mail",
            )
            assert clock.boot_seconds() - died <= 60
        finally:
            for process in (first, second):
                process.send_signal(signal.SIGTERM)
                process.wait(60)
    assert doubled(post) <= CONNECTIONS
