"""One snapshot for all who look within a second."""

import threading
from typing import Any

from portal.accounts.roles import Scope
from portal.runtime.shared import SharedSnapshot
from portal.status.components import ComponentIn
from portal.status.windows import WindowIn
from portal.unit_of_work import By
from tests.clocks import StandingClock
from tests.sites import Site, another


class Taken:
    """Snapshots that are told apart by their number; `state` is that of the process."""

    def __init__(self, still: StandingClock) -> None:
        self.clock = still
        self.count = 0
        self.state = 0
        self.shared = SharedSnapshot(self.take, lambda: self.state)

    def take(self) -> Any:
        self.count += 1
        return Numbered(self.count, self.clock.now())


class Numbered:
    def __init__(self, number: int, generated_at: Any) -> None:
        self.number, self.generated_at = number, generated_at


def test_it_is_taken_once_a_second(still: StandingClock):
    taken = Taken(still)
    numbers = []
    for _ in range(5):
        numbers.append(taken.shared.recent().number)
        still.advance(seconds=0.5)
    assert numbers == [1, 1, 2, 2, 3]


def test_a_clock_that_is_set_back_keeps_nothing(still: StandingClock):
    taken = Taken(still)
    taken.shared.recent()
    still.advance(hours=-1)
    assert taken.shared.recent().number == 2


def test_what_was_written_is_not_missing(still: StandingClock):
    taken = Taken(still)
    taken.shared.recent()
    taken.state = 1
    assert [taken.shared.recent().number for _ in range(2)] == [2, 2]


def test_what_is_written_while_one_is_taken_makes_the_next_look_anew(still: StandingClock):
    taken = Taken(still)
    plain = taken.take

    def slow() -> Any:
        taken.state += 1
        return plain()

    taken.shared._take = slow
    assert [taken.shared.recent().number for _ in range(2)] == [1, 2]


def test_an_act_has_its_own_and_gives_it_to_the_others(still: StandingClock):
    taken = Taken(still)
    taken.shared.recent()
    assert taken.shared.fresh().number == 2
    assert taken.shared.recent().number == 2


class Door:
    """A lock that says how many have come to it."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.come = threading.Semaphore(0)

    def __enter__(self) -> None:
        self.come.release()
        self.lock.acquire()

    def __exit__(self, *_: Any) -> None:
        self.lock.release()


def test_many_at_once_take_one_however_long_it_takes(still: StandingClock):
    taken, door, may_go_on = Taken(still), Door(), threading.Event()
    plain = taken.take

    def slow() -> Any:
        assert may_go_on.wait(20)
        made = plain()
        still.advance(seconds=5)  # it is older than a second when it comes at last
        return made

    taken.shared._take, taken.shared._one_at_a_time = slow, door  # type: ignore[assignment]
    found: list[int] = []
    threads = [
        threading.Thread(target=lambda: found.append(taken.shared.recent().number))
        for _ in range(4)
    ]
    for one in threads:
        one.start()
        assert door.come.acquire(timeout=20)
    may_go_on.set()
    for one in threads:
        one.join(20)
    assert found == [1, 1, 1, 1]


def test_every_write_of_the_process_moves_the_state(site: Site, still: StandingClock):
    """Whatever writes: an act, a report of a worker, the audit log, a session."""
    shared = site.portal.shared
    status = site.portal.status
    acts = (
        lambda: status.components.add(By("ada"), ComponentIn(slug="api", name="API")),
        lambda: site.portal.core.audit_log.append(
            "runtime.started", actor="test", version="1", workers=1
        ),
        lambda: site.token("pushes", Scope.WORKERS_PUSH),
    )
    shared.recent()
    for act in acts:
        before = shared.recent()
        assert shared.recent() is before
        act()
        assert shared.recent() is not before


def test_a_change_of_another_process_is_in_it_as_soon_as_the_board_has_it(
    site: Site, still: StandingClock
):
    other = another(site)
    site.portal.shared.recent()
    before = site.portal.shared.recent()
    new = WindowIn(title="T", ends_at=still.now().replace(hour=15))
    other.portal.status.windows.schedule(By("ada"), new)
    assert site.portal.shared.recent() is before
    site.portal.board.refresh()
    after = site.portal.shared.recent()
    assert after.maintenance
    assert [one.title for one in after.maintenance.active] == ["T"]
