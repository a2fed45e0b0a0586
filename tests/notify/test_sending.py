"""The threads that send mails: their pace, and what they hold."""

from types import SimpleNamespace
from typing import Any

import pytest

from portal.notify.channels import mail as sending
from portal.notify.channels.mail import LEAVE_WITHIN_SECONDS, UNUSABLE_SECONDS
from portal.notify.channels.smtp import UnusableServerError
from portal.notify.outbox import Outcome, Result
from tests.notify.office import Office, Thread

pytestmark = pytest.mark.unit


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
