"""Mail: threads that hand letters to the mail server and write down at once what it said.

A mail is sent twice only if this process dies between the server's word and the commit of it, and
then with the same Message-ID: at most one mail a connection.
"""

import math
import queue
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

import structlog
from sqlalchemy.orm import Session

from portal.notify import outbox
from portal.notify.channels.letters import Letters
from portal.notify.channels.smtp import Conversation, UnusableServerError
from portal.notify.messages import Message
from portal.notify.outbox import Claim, Outcome, Result
from portal.settings import MailServer
from portal.store.revision import transaction

_log = structlog.get_logger()
CONNECTIONS = 4
# What is claimed and waits for its turn, as seconds at the set rate and as mails.
CLAIMED_SECONDS = 5.0
MOST_AT_ONCE = 20
IDLE_SECONDS = 2.0
# What was asked of a server that cannot be used is not asked again for each mail that waits.
UNUSABLE_SECONDS = 3.0
DATABASE_RETRY_SECONDS = 1.0
LEAVE_WITHIN_SECONDS = 10.0


class _Job(NamedTuple):
    claim: Claim
    letter: bytes


class Mail:
    """The channel: a few threads with a connection each, and one pace for all of them.

    `open_session` has no fence: an outcome is written down whoever leads by then.
    """

    unusable_seconds = UNUSABLE_SECONDS

    def __init__(
        self,
        server: MailServer,
        letters: Letters,
        open_session: Callable[[], Session],
        *,
        rate: float,
    ) -> None:
        self._server, self._letters, self._open_session = server, letters, open_session
        self._rate = rate
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._finished: queue.SimpleQueue[tuple[int, Outcome | None]] = queue.SimpleQueue()
        self._under_way: set[int] = set()
        self._threads: list[threading.Thread] = []
        self._leaving = threading.Event()
        self._pace = threading.Lock()
        # What the server said and is not written down: at most one of each thread.
        self._answers: deque[tuple[Claim, Outcome]] = deque()
        self._commit = threading.Lock()
        self._next_at = 0.0
        self._unusable: tuple[float, str] = (-math.inf, "")

    @property
    def under_way(self) -> frozenset[int]:
        """The deliveries that were handed to the threads and are not finished."""
        return frozenset(self._under_way)

    @property
    def room(self) -> int:
        """How many more may be claimed: a few seconds' worth, so that a death holds up few."""
        most = min(MOST_AT_ONCE, max(1, math.ceil(self._rate * CLAIMED_SECONDS)))
        return max(0, most - len(self._under_way))

    def send(self, claim: Claim, message: Message) -> None:
        """Write a mail and hand it to the threads."""
        letter = self._letters.write(claim, message)
        while len(self._threads) < CONNECTIONS:
            thread = threading.Thread(target=self._work, daemon=True, name="mail")
            self._threads.append(thread)
            thread.start()
        self._under_way.add(claim.delivery)
        self._jobs.put(_Job(claim, letter))

    def finished(self) -> list[Outcome]:
        """What became of mails since the last call; all of it is in the database."""
        found = []
        while not self._finished.empty():
            number, outcome = self._finished.get()
            self._under_way.discard(number)
            if outcome is not None:
                found.append(outcome)
        return found

    def stop(self) -> None:
        """Begin no more; what was begun has some seconds to come to its end."""
        self._leaving.set()
        for _ in self._threads:
            self._jobs.put(None)
        deadline = time.monotonic() + LEAVE_WITHIN_SECONDS
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        if any(thread.is_alive() for thread in self._threads):
            _log.warning("mail.left_without_answer")

    def _work(self) -> None:
        conversation = Conversation(self._server)
        while True:
            try:
                job = self._jobs.get(timeout=IDLE_SECONDS)
            except queue.Empty:
                # A server would close it sooner or later, and that would look like trouble.
                conversation.close()
                continue
            if job is None:
                break
            self._finished.put((job.claim.delivery, self._finish(conversation, job)))
        conversation.close()

    def _finish(self, conversation: Conversation, job: _Job) -> Outcome | None:
        """Send one and write down how it went; None when it was another's by then."""
        outcome = self._refusal(job.claim)
        if outcome is None:
            self._wait_for_turn()
            outcome = self._refusal(job.claim)
        if outcome is None:
            # A process that slept, or lost the lead, may hold what another sends by now.
            if not self._insist(lambda: self._is_held(job.claim)):
                return None
            outcome = self._send(conversation, job)
        self._answers.append((job.claim, outcome))
        self._insist(lambda: self._settle(job.claim.delivery))
        return outcome

    def _refusal(self, claim: Claim) -> Outcome | None:
        """Why this one need not be tried now."""
        if self._leaving.is_set():
            return Outcome(claim.delivery, Result.CLOSED, "Stopped before it was sent")
        since, why = self._unusable
        if time.monotonic() - since < self.unusable_seconds:
            return Outcome(claim.delivery, Result.CLOSED, why)
        return None

    def _send(self, conversation: Conversation, job: _Job) -> Outcome:
        assert job.claim.subscriber is not None
        try:
            result, reason = conversation.deliver(
                sender=self._letters.envelope_sender,
                to=job.claim.subscriber.address,
                letter=job.letter,
            )
        except UnusableServerError as error:
            result, reason = Result.CLOSED, str(error)
            self._unusable = (time.monotonic(), reason)
        except Exception as error:
            # Whatever it is: a thread that ends by it would end silently.
            conversation.close()
            result, reason = Result.LATER, type(error).__name__
        return Outcome(job.claim.delivery, result, reason)

    def _wait_for_turn(self) -> None:
        with self._pace:
            now = time.monotonic()
            at = max(now, self._next_at)
            self._next_at = at + 1 / self._rate
        self._leaving.wait(max(0.0, at - now))

    def _is_held(self, claim: Claim) -> bool:
        with self._open_session() as session:
            return outbox.is_held(session, claim)

    def _settle(self, delivery: int) -> bool:
        """Write down what the server said, for all threads that wait for it, in one commit."""
        with self._commit:
            answers = list(self._answers)
            # Another thread may have written it down along with its own.
            if any(claim.delivery == delivery for claim, _ in answers):
                with transaction(self._open_session) as (session, now):
                    outbox.settle(session, answers, now=now)
                for _ in answers:
                    self._answers.popleft()
        return True

    def _insist(self, step: Callable[[], bool]) -> bool:
        """Take a step when the database answers; False when this process leaves before that."""
        while True:
            try:
                return step()
            except Exception as error:
                _log.warning("mail.database_unreachable", error=type(error).__name__)
            if self._leaving.wait(DATABASE_RETRY_SECONDS):
                return False
