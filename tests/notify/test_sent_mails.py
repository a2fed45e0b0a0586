"""What was sent is written down before it is told, and what follows is claimed along."""

from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from portal.notify.channels import mail as sending
from portal.notify.channels.mail import CONNECTIONS
from portal.notify.channels.portion import LEAST, MOST
from portal.notify.outbox import Claim, Outcome, Result
from tests.notify.office import Office

pytestmark = pytest.mark.unit


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
