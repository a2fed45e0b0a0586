"""Events that the database could not take wait in a file, and are taken in once, in order."""

import errno
import os
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from portal import clock
from portal.audit import chain, search, spool
from portal.audit.log import UnrecordedError
from portal.audit.spool import Spool
from portal.store import engine
from tests.clocks import StandingClock
from tests.sites import Site


def log_of(site: Site) -> list[chain.AuditEvent]:
    with site.portal.core.open_session() as session:
        assert list(chain.verify(session))[-1].first_bad_seq is None
        return list(reversed(search.search(session, limit=200)[0]))


def keep(kept: Spool, *names: str) -> None:
    for name in names:
        kept.append("account.logout", actor=name, at=clock.now(), name=name)


def take_in(site: Site) -> int:
    return int(site.portal.core.audit_log.take_in())


def test_what_waits_is_taken_in_in_its_order_and_with_its_own_times(
    either: Site, still: StandingClock
):
    waiting = either.portal.core.audit_log.spool
    keep(waiting, "first")
    still.advance(seconds=90)
    keep(waiting, "second")
    still.advance(hours=1)
    assert waiting.waiting == 2
    assert take_in(either) == 2
    assert waiting.is_empty
    first, second, seal = log_of(either)[-3:]
    assert (first.actor, second.actor) == ("first", "second")
    assert (second.at - first.at).total_seconds() == 90
    assert seal.type == "audit.spool.taken_in"
    assert seal.detail["events"] == 2
    assert seal.at == clock.now()
    assert take_in(either) == 0


def test_a_death_between_commit_and_removal_doubles_nothing(
    either: Site, monkeypatch: pytest.MonkeyPatch
):
    waiting = either.portal.core.audit_log.spool
    keep(waiting, "one", "two")

    def dies(path: Path, *_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", dies)
        with pytest.raises(KeyboardInterrupt):
            take_in(either)
    assert waiting.waiting == 2
    keep(waiting, "three")
    assert take_in(either) == 1
    assert [row.actor for row in log_of(either) if row.type == "account.logout"] == [
        "one",
        "two",
        "three",
    ]


def test_a_database_that_refuses_leaves_the_file_as_it_was(
    site: Site, monkeypatch: pytest.MonkeyPatch
):
    waiting = site.portal.core.audit_log.spool
    keep(waiting, "one", "two")
    before, count = waiting.path.read_bytes(), len(log_of(site))

    def refuses(*_: Any, **__: Any) -> None:
        raise OperationalError("INSERT", {}, Exception("gone"))

    monkeypatch.setattr(chain, "append", refuses)
    with pytest.raises(OperationalError):
        take_in(site)
    monkeypatch.undo()
    assert waiting.path.read_bytes() == before
    assert len(log_of(site)) == count


def test_half_a_line_of_a_process_that_died_is_left_out(site: Site):
    waiting = site.portal.core.audit_log.spool
    keep(waiting, "one")
    with waiting.path.open("ab") as file:
        file.write(b'{"at": "2030-01-01T00:00')
    keep(waiting, "two")
    assert spool.read(waiting.path.read_bytes()).broken_at is None
    assert take_in(site) == 2


@pytest.mark.parametrize("harm", ["altered", "removed", "not json"])
def test_a_line_that_was_tampered_with_ends_the_taking_in_and_the_file_is_kept(
    site: Site, harm: str
):
    waiting = site.portal.core.audit_log.spool
    keep(waiting, "one", "two", "three")
    rows = waiting.path.read_bytes().splitlines(keepends=True)
    if harm == "altered":
        rows[2] = rows[2].replace(b'"two"', b'"who"')
    elif harm == "removed":
        del rows[2]
    else:
        rows[2] = b"nonsense\n"
    waiting.path.write_bytes(b"".join(rows))
    assert take_in(site) == 1
    assert log_of(site)[-1].detail["broken_line"] == 3
    assert waiting.is_empty
    assert len(list(waiting.path.parent.glob("*.damaged-*"))) == 1


def test_an_event_is_recorded_in_the_spool_when_the_database_is_away(site: Site):
    path = site.settings.data_dir / "portal.db"
    away = path.rename(path.with_name("away.db"))
    site.portal.core.audit_log.append("runtime.drain.called_off", actor="ann", by="ann")
    assert site.portal.core.audit_log.spool.waiting == 1
    away.rename(path)
    site.portal.core.audit_log.append("runtime.stopped", actor="ann", version="1")
    told = [row.type for row in log_of(site)]
    assert told[-3:] == ["runtime.drain.called_off", "audit.spool.taken_in", "runtime.stopped"]


@pytest.mark.fault(6)
def test_what_neither_can_take_is_refused_and_says_so(site: Site, monkeypatch: pytest.MonkeyPatch):
    headers = site.bearer()
    # The token is found, and then the log cannot be written.
    monkeypatch.setattr(site.portal.core.audit_log, "_store", _refuse)
    monkeypatch.setattr(os, "fsync", _full)
    with pytest.raises(UnrecordedError, match="No space left"):
        site.portal.core.audit_log.append("runtime.drain.called_off", actor="ann", by="ann")
    client = site.client()
    drain = client.post(
        "/api/admin/runtime/lifecycle/drain", json={"reason": "test"}, headers=headers
    )
    export = client.get("/api/admin/runtime/snapshot", headers=headers)
    assert (drain.status_code, export.status_code) == (503, 503)
    assert "audit log cannot be written" in drain.get_json()["detail"]
    assert not site.portal.lifecycle.phases.is_leaving
    assert site.portal.core.audit_log.spool.waiting == 0


def test_the_panel_is_told_of_events_that_wait(site: Site):
    keep(site.portal.core.audit_log.spool, "one")
    taken = site.portal.overview.take()
    assert taken.security.spooled == 1
    assert [alert.id for alert in taken.alerts] == ["audit-spooling"]
    take_in(site)
    assert site.portal.overview.take().alerts == []


def test_two_who_take_in_at_once_take_turns(site: Site):
    waiting = site.portal.core.audit_log.spool
    keep(waiting, *[f"n{number}" for number in range(50)])
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(4) as threads:
        taken = list(threads.map(lambda _: take_in(site), range(4)))
    assert sum(taken) == 50
    with site.portal.core.open_session() as session:
        engine.begin_write(session)
    assert sum(row.type == "account.logout" for row in log_of(site)) == 50


def _refuse(*_: Any, **__: Any) -> None:
    raise OperationalError("INSERT", {}, Exception("gone"))


def _full(_: int) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")
