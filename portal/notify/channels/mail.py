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
from dataclasses import dataclass
from typing import NamedTuple

import structlog
from sqlalchemy.orm import Session

from portal.notify import outbox
from portal.notify.channels.letters import Letters
from portal.notify.channels.portion import Portion
from portal.notify.channels.smtp import Conversation, UnusableServerError
from portal.notify.messages import Message
from portal.notify.outbox import Claim, Outcome, Result
from portal.settings import MailServer
from portal.store.revision import transaction

_log = structlog.get_logger()
CONNECTIONS = 4
IDLE_SECONDS = 2.0
# What was asked of a server that cannot be used is not asked again for each mail that waits.
UNUSABLE_SECONDS = 3.0
DATABASE_RETRY_SECONDS = 1.0
# How long a commit waits for what other connections are about to have.
GATHER_SECONDS = 0.003
LEAVE_WITHIN_SECONDS = 10.0


class _Job(NamedTuple):
    claim: Claim
    letter: bytes


@dataclass(eq=False)
class _Entry:
    """What a thread has to write down, and the claim that it asks for."""

    claim: Claim | None
    outcome: Outcome | None
    following: Claim | None
    is_held: bool = False

    @property
    def answer(self) -> tuple[Claim, Outcome] | None:
        if self.claim is None or self.outcome is None:
            return None
        return self.claim, self.outcome

    @property
    def is_needed(self) -> bool:
        return self.answer is not None or self.following is not None


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
        self._rate, self._portion = rate, Portion(rate)
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._finished: queue.SimpleQueue[tuple[int, Outcome | None]] = queue.SimpleQueue()
        self._under_way: set[int] = set()
        self._threads: list[threading.Thread] = []
        self._leaving = threading.Event()
        self._pace = threading.Lock()
        self._entries: deque[_Entry] = deque()
        self._committing = threading.Lock()
        # How many threads are in a conversation with the server.
        self._talks, self._talking = 0, threading.Condition()
        self._next_at = 0.0
        self._unusable: tuple[float, str] = (-math.inf, "")

    @property
    def under_way(self) -> frozenset[int]:
        """The deliveries that were handed to the threads and are not finished."""
        return frozenset(self._under_way)

    @property
    def room(self) -> int:
        """How many more may be claimed."""
        return max(0, self._portion.size - len(self._under_way))

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
        found, before = [], len(self._under_way)
        while not self._finished.empty():
            number, outcome = self._finished.get()
            self._under_way.discard(number)
            if outcome is not None:
                found.append(outcome)
        self._portion.went_out(before - len(self._under_way), time.monotonic())
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
        while (job := self._next(conversation)) is not None:
            # Whether it is held is known when it was asked along with what became of the last.
            is_held: bool | None = None
            while job is not None:
                outcome = None if is_held is False else self._try(conversation, job, is_held)
                following = self._take_turn()
                is_held = self._write_down(job.claim, outcome, following)
                self._finished.put((job.claim.delivery, outcome))
                job = following
        conversation.close()

    def _next(self, conversation: Conversation) -> _Job | None:
        """Wait for the next mail; None at the end."""
        while True:
            try:
                return self._jobs.get(timeout=IDLE_SECONDS)
            except queue.Empty:
                # A server would close it sooner or later, and that would look like trouble.
                conversation.close()

    def _try(self, conversation: Conversation, job: _Job, is_held: bool | None) -> Outcome | None:
        """Send one in its turn; None when it is another's by now."""
        outcome = self._refusal(job.claim)
        if outcome is None and is_held is None:
            self._wait_for_turn()
            outcome = self._refusal(job.claim)
            # A process that slept, or lost the lead, may hold what another sends by now.
            if outcome is None and not self._write_down(None, None, job):
                return None
        return self._send(conversation, job) if outcome is None else outcome

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
        with self._talking:
            self._talks += 1
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
        finally:
            with self._talking:
                self._talks -= 1
                self._talking.notify_all()
        return Outcome(job.claim.delivery, result, reason)

    def _wait_for_turn(self) -> None:
        with self._pace:
            now = time.monotonic()
            at = max(now, self._next_at)
            self._next_at = at + 1 / self._rate
        self._leaving.wait(max(0.0, at - now))

    def _take_turn(self) -> _Job | None:
        """A mail whose turn has come already; None when it would have to be waited for."""
        with self._pace:
            now = time.monotonic()
            if now < self._next_at or self._leaving.is_set():
                return None
            try:
                job = self._jobs.get_nowait()
            except queue.Empty:
                return None
            if job is None:
                # The end, which is to be met by whoever waits.
                self._jobs.put(None)
                return None
            self._next_at = now + 1 / self._rate
            return job

    def _write_down(
        self, claim: Claim | None, outcome: Outcome | None, following: _Job | None
    ) -> bool:
        """Write down what became of a mail, and say whether the claim of the next one still holds.

        False when there is no next one, and when this process leaves before it is known.
        """
        entry = _Entry(claim, outcome, following.claim if following is not None else None)
        if entry.is_needed:
            self._entries.append(entry)
            self._insist(lambda: self._commit(entry))
        return entry.is_held

    def _commit(self, entry: _Entry) -> None:
        """One transaction for all threads that wait for one: whoever comes first takes all along.

        Each thread has one entry at most, and begins no other mail before that is in the database.
        """
        with self._committing:
            # Those whose mails are just being taken come along: a commit costs as much as a mail.
            with self._talking:
                self._talking.wait_for(lambda: not self._talks, GATHER_SECONDS)
            together = list(self._entries)
            if entry not in together:
                return
            answers = [one.answer for one in together if one.answer is not None]
            asked = [one.following for one in together if one.following is not None]
            if answers:
                with transaction(self._open_session) as (session, now):
                    outbox.settle(session, answers, now=now)
                    held = outbox.held(session, asked)
            else:
                with self._open_session() as session:
                    held = outbox.held(session, asked)
            for one in together:
                one.is_held = one.following is not None and one.following.delivery in held
                self._entries.popleft()

    def _insist(self, step: Callable[[], None]) -> None:
        """Take a step when the database answers, unless this process leaves before that."""
        while True:
            try:
                step()
                return
            except Exception as error:
                _log.warning("mail.database_unreachable", error=type(error).__name__)
            if self._leaving.wait(DATABASE_RETRY_SECONDS):
                return
