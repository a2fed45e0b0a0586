"""The threads that send mails: their pace, what they hold, and what they write down."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from portal.notify.channels import mail as sending
from portal.notify.channels.mail import CONNECTIONS, LEAVE_WITHIN_SECONDS, UNUSABLE_SECONDS, Mail
from portal.notify.channels.portion import LEAST, MOST
from portal.notify.channels.smtp import UnusableServerError
from portal.notify.outbox import Claim, Outcome, Result

pytestmark = pytest.mark.unit


class Clock:
    """Seconds that pass only when told."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def monotonic(self) -> float:
        return self.seconds


class Leaving:
    """An event whose waits are written down and pass at once."""

    def __init__(self, clock: Clock) -> None:
        self.clock, self.waits, self.is_there = clock, list[float](), False

    def is_set(self) -> bool:
        return self.is_there

    def set(self) -> None:
        self.is_there = True

    def wait(self, seconds: float) -> bool:
        self.waits.append(seconds)
        self.clock.seconds += seconds
        return self.is_there


class Conversation:
    """Answers what it was given, in turn; then everything is sent."""

    def __init__(self, *answers: Any) -> None:
        self.answers, self.sent, self.closed = list(answers), list[str](), 0

    def deliver(self, *, sender: str, to: str, letter: bytes) -> tuple[Result, str]:
        answer = self.answers.pop(0) if self.answers else (Result.SENT, "")
        if isinstance(answer, Exception):
            raise answer
        self.sent.append(to)
        return answer

    def close(self) -> None:
        self.closed += 1


class Office:
    """A channel in one thread, with what became of each mail."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *answers: Any, rate: float = 10.0) -> None:
        self.clock = Clock()
        monkeypatch.setattr(sending, "time", self.clock)
        self.line = Conversation(*answers)
        monkeypatch.setattr(sending, "Conversation", lambda server: self.line)
        letters = SimpleNamespace(
            write=lambda claim, message: b"letter", envelope_sender="s@example.com"
        )
        self.mail = Mail(None, letters, self._session, rate=rate)  # type: ignore[arg-type]
        self.leaving = Leaving(self.clock)
        self.mail._leaving = self.leaving  # type: ignore[assignment]
        self.settled: list[tuple[int, str, str]] = []
        self.taken_away: set[int] = set()
        self.failures: list[Exception] = []
        monkeypatch.setattr(sending, "transaction", self._transaction)
        monkeypatch.setattr(
            sending, "outbox", SimpleNamespace(held=self._held, settle=self._settle)
        )
        monkeypatch.setattr(sending.threading, "Thread", Thread)

    @contextmanager
    def _session(self) -> Iterator[None]:
        yield None

    @contextmanager
    def _transaction(self, open_session: Callable[[], Any]) -> Iterator[tuple[None, None]]:
        yield None, None

    def _held(self, session: None, claims: list[Claim]) -> set[int]:
        return {claim.delivery for claim in claims} - self.taken_away

    def _settle(self, session: None, found: Any, *, now: None) -> None:
        if self.failures:
            raise self.failures.pop(0)
        for claim, outcome in found:
            assert claim.delivery == outcome.delivery
            self.settled.append((outcome.delivery, outcome.result.value, outcome.reason))

    def give(self, *numbers: int) -> None:
        for number in numbers:
            person = SimpleNamespace(address=f"p{number}@example.com")
            claim = Claim(number, "me", f"subscriber {number}", "mail", None, person)  # type: ignore[arg-type]
            self.mail.send(claim, None)  # type: ignore[arg-type]

    def work(self) -> list[Outcome]:
        """What one thread does with all that it was given."""
        self.mail._jobs.put(None)
        self.mail._work()
        return self.mail.finished()


class Thread:
    """A thread that never runs."""

    def __init__(self, target: Any, daemon: bool, name: str) -> None:
        assert daemon

    def start(self) -> None:
        return

    def join(self, seconds: float) -> None:
        return

    def is_alive(self) -> bool:
        return False


def test_what_was_sent_is_written_down_before_it_is_told(monkeypatch: pytest.MonkeyPatch):
    office = Office(monkeypatch, (Result.SENT, ""), (Result.LATER, "busy"))
    office.give(1, 2)
    assert office.mail.under_way == {1, 2}
    assert office.work() == [Outcome(1, Result.SENT), Outcome(2, Result.LATER, "busy")]
    assert office.settled == [(1, "sent", ""), (2, "later", "busy")]
    assert office.mail.under_way == set()


def test_the_next_mail_waits_until_the_database_has_the_last_word(monkeypatch: pytest.MonkeyPatch):
    office = Office(monkeypatch)
    office.failures = [OperationalError("settle", {}, Exception("locked")), OSError("disk")]
    office.give(1, 2)
    assert len(office.work()) == 2
    assert office.settled == [(1, "sent", ""), (2, "sent", "")]
    assert office.line.sent == ["p1@example.com", "p2@example.com"]
    assert office.leaving.waits[1:3] == [sending.DATABASE_RETRY_SECONDS] * 2


def test_who_leaves_does_not_wait_for_the_database(monkeypatch: pytest.MonkeyPatch):
    office = Office(monkeypatch)
    office.failures = [OSError("disk")] * 5

    def deliver(**mail: Any) -> tuple[Result, str]:
        office.leaving.set()
        return Result.SENT, ""

    monkeypatch.setattr(office.line, "deliver", deliver)
    office.give(1)
    assert office.work() == [Outcome(1, Result.SENT)]
    assert office.settled == []
    assert len(office.failures) == 4


def test_what_another_took_over_is_not_sent(monkeypatch: pytest.MonkeyPatch):
    office = Office(monkeypatch)
    office.taken_away = {1}
    office.give(1, 2)
    assert office.work() == [Outcome(2, Result.SENT)]
    assert office.line.sent == ["p2@example.com"]
    assert office.settled == [(2, "sent", "")]
    assert office.mail.under_way == set()


def test_all_threads_share_one_pace(monkeypatch: pytest.MonkeyPatch):
    office = Office(monkeypatch)
    office.give(1, 2, 3)
    office.work()
    assert office.leaving.waits == [0.0, pytest.approx(0.1), pytest.approx(0.1)]
    office.clock.seconds += 9
    office.give(4)
    office.work()
    assert office.leaving.waits[-1] == 0.0


def test_a_server_that_cannot_be_used_is_not_asked_for_each_mail(monkeypatch: pytest.MonkeyPatch):
    office = Office(monkeypatch, UnusableServerError("away"))
    office.give(1, 2)
    assert office.work() == [Outcome(n, Result.CLOSED, "away") for n in (1, 2)]
    assert office.settled == [(1, "closed", "away"), (2, "closed", "away")]
    assert office.line.answers == []
    since = office.mail._unusable[0]
    office.clock.seconds = since + UNUSABLE_SECONDS - 0.5
    office.give(3)
    assert [one.result for one in office.work()] == [Result.CLOSED]
    office.clock.seconds = since + UNUSABLE_SECONDS
    office.give(4)
    assert [one.result for one in office.work()] == [Result.SENT]


def test_an_error_of_any_kind_ends_no_thread(monkeypatch: pytest.MonkeyPatch):
    office = Office(monkeypatch, ValueError("secret"))
    office.give(1, 2)
    assert office.work() == [Outcome(1, Result.LATER, "ValueError"), Outcome(2, Result.SENT)]
    # The connection is in nobody knows what state.
    assert office.line.closed == 2


def test_who_leaves_begins_nothing_new_and_gives_back(monkeypatch: pytest.MonkeyPatch):
    office = Office(monkeypatch)
    office.give(1, 2)
    office.mail.stop()
    assert {one.result for one in office.work()} == {Result.CLOSED}
    assert office.settled == [(n, "closed", "Stopped before it was sent") for n in (1, 2)]
    assert office.line.sent == []


def test_who_waits_for_a_turn_while_it_ends_sends_no_more(monkeypatch: pytest.MonkeyPatch):
    office = Office(monkeypatch)

    def wait(seconds: float) -> bool:
        office.leaving.set()
        return True

    monkeypatch.setattr(office.leaving, "wait", wait)
    office.give(1)
    assert [one.reason for one in office.work()] == ["Stopped before it was sent"]
    assert office.line.sent == []


def test_what_is_idle_is_closed(monkeypatch: pytest.MonkeyPatch):
    office = Office(monkeypatch)
    calls = iter([sending.queue.Empty, None])

    def get(timeout: float) -> Any:
        found = next(calls)
        if found is not None:
            raise found
        return None

    office.mail._jobs = SimpleNamespace(get=get)  # type: ignore[assignment]
    office.mail._work()
    assert office.line.closed == 2


@pytest.mark.parametrize(
    ("rate", "room", "why"),
    [
        (1000.0, LEAST, "however fast, few until it is seen how fast they go"),
        (2.0, 10, "five seconds' worth"),
        (0.5, 3, "five seconds' worth, rounded up"),
        (0.01, 1, "at least one"),
    ],
)
def test_a_few_seconds_worth_is_claimed(monkeypatch: pytest.MonkeyPatch, rate, room, why):
    office = Office(monkeypatch, rate=rate)
    assert office.mail.room == room, why
    office.give(1)
    assert office.mail.room == room - 1
    assert len(office.mail._threads) == CONNECTIONS
    office.give(*range(2, room + 2))
    assert office.mail.room == 0


def test_a_quick_server_is_given_more_at_once(monkeypatch: pytest.MonkeyPatch):
    office = Office(monkeypatch, rate=1000.0)
    assert office.mail.room == LEAST
    for number in range(1, 201):
        office.mail._under_way.add(number)
        office.mail._finished.put((number, Outcome(number, Result.SENT)))
        office.clock.seconds += 0.005
        office.mail.finished()
    assert office.mail.room == MOST


def test_what_the_server_said_to_several_is_written_down_at_once(monkeypatch: pytest.MonkeyPatch):
    """One commit for all that wait, and each of them is in it before another mail is begun."""
    office = Office(monkeypatch)
    entries = [
        sending._Entry(
            Claim(number, "me", "", "mail", None, None),  # type: ignore[arg-type]
            Outcome(number, Result.SENT),
            Claim(number + 10, "me", "", "mail", None, None),  # type: ignore[arg-type]
        )
        for number in (1, 2, 3)
    ]
    office.taken_away = {12}
    office.mail._entries.extend(entries)
    commits: list[int] = []
    monkeypatch.setattr(
        sending, "transaction", lambda opened: commits.append(1) or office._transaction(opened)
    )
    for entry in entries:
        office.mail._commit(entry)
    assert len(commits) == 1
    assert [number for number, _, _ in office.settled] == [1, 2, 3]
    assert [entry.is_held for entry in entries] == [True, False, True]
    assert not office.mail._entries


def test_what_follows_at_once_is_asked_for_along_with_the_last(monkeypatch: pytest.MonkeyPatch):
    office = Office(monkeypatch, rate=float("inf"))
    asked: list[list[int]] = []
    held = office._held

    def note(session: None, claims: list[Claim]) -> set[int]:
        asked.append([one.delivery for one in claims])
        return held(session, claims)

    monkeypatch.setattr(sending.outbox, "held", note)
    office.taken_away = {2}
    office.give(1, 2, 3)
    assert office.work() == [Outcome(1, Result.SENT), Outcome(3, Result.SENT)]
    assert office.line.sent == ["p1@example.com", "p3@example.com"]
    assert asked == [[1], [2], [3], []]
    assert office.mail.under_way == set()


@pytest.mark.parametrize(
    ("is_alive", "warnings"), [(False, []), (True, ["mail.left_without_answer"])]
)
def test_what_was_begun_has_some_seconds_to_come_to_its_end(
    monkeypatch: pytest.MonkeyPatch, is_alive: bool, warnings: list[str]
):
    office, joined, said = Office(monkeypatch), [], []

    class Slow(Thread):
        def join(self, seconds: float) -> None:
            joined.append(seconds)
            office.clock.seconds += LEAVE_WITHIN_SECONDS - 1

        def is_alive(self) -> bool:
            return is_alive

    threads = [Slow(lambda: None, daemon=True, name="x") for _ in range(3)]
    monkeypatch.setattr(office.mail, "_threads", threads)
    monkeypatch.setattr(sending._log, "warning", said.append)
    office.mail.stop()
    assert joined == [LEAVE_WITHIN_SECONDS, 1, 0]
    assert said == warnings
