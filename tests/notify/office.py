"""Threads that send mails on a clock of their own, and a database that holds or lets go."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from portal.notify.channels import mail as sending
from portal.notify.channels.mail import Mail
from portal.notify.outbox import Claim, Outcome, Result


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
