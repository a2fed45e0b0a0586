"""A dispatcher on a database, with a mail server and threads that do as told."""

from collections.abc import Callable
from concurrent.futures import Future
from types import SimpleNamespace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.notify.dispatcher import Dispatcher
from portal.notify.outbox import Delivery, Outcome, Result
from portal.notify.subscribers import Addresses
from portal.store.lease import Fence
from tests import rows
from tests.clocks import StandingClock
from tests.instants import NOW


class Mail:
    """A channel that takes what it is given and tells what a test says."""

    def __init__(self) -> None:
        self.room = 9
        self.under_way: set[int] = set()
        self.sent: list[int] = []
        self.told: list[Outcome] = []
        self.is_stopped = False

    def stop(self) -> None:
        self.is_stopped = True

    def finished(self) -> list[Outcome]:
        told, self.told = self.told, []
        self.under_way -= {one.delivery for one in told}
        return told

    def send(self, claim: Any, message: Any) -> None:
        self.sent.append(claim.delivery)
        self.under_way.add(claim.delivery)


class Pool:
    """Calls that end when told."""

    def __init__(self) -> None:
        self.calls: list[tuple[Future[Outcome], Any]] = []

    def submit(self, call: Any, claim: Any, *rest: Any, **more: Any) -> Future[Outcome]:
        made: Future[Outcome] = Future()
        self.calls.append((made, claim))
        return made

    def shutdown(self, **how: Any) -> None:
        self.how = how
        for call, _parcel in self.calls:
            call.cancel()

    def end(self, result: Result, reason: str = "why") -> None:
        for call, claim in self.calls:
            if not call.done():
                call.set_result(Outcome(claim.delivery, result, reason))


class World:
    """A dispatcher on one database."""

    def __init__(
        self, open_session: Callable[[], Session], still: StandingClock, *, mail: Mail | None = None
    ) -> None:
        self.open_session, self.still, self.mail = open_session, still, mail
        settings = SimpleNamespace(
            operator_channels=("json://127.0.0.1:9",),
            site_name="Site",
            url="https://s.example",
            allowed_targets=(),
        )
        with open_session() as session:
            core = SimpleNamespace(settings=settings, engine=session.get_bind(), secret_keys=("k",))
        self.one = Dispatcher(
            core,  # type: ignore[arg-type]
            Fence(),
            mail=mail,  # type: ignore[arg-type]
            render=lambda *_, **__: ("", ""),
            cards=SimpleNamespace(payload=lambda *_: {}),  # type: ignore[arg-type]
            addresses=Addresses(("k",)),
        )
        self.one._pool.shutdown()
        self.pool = Pool()
        self.one._pool = self.pool  # type: ignore[assignment]
        (self.chat,) = self.one._chats

    def put(self, *deliveries: dict[str, Any], **notice: Any) -> None:
        """A notice with its deliveries."""
        with self.open_session() as session:
            at = {"created_at": self.still.now(), "addressed_at": NOW}
            made = rows.notice(**{"key": str(id(deliveries)), **at, **notice})
            session.add(made)
            session.flush()
            for row in deliveries:
                session.add(rows.delivery(**{"notice_id": made.id, **row}))
            session.commit()

    def people(self, count: int = 1) -> None:
        with self.open_session() as session:
            for number in range(1, count + 1):
                session.add(rows.subscriber(number, topics=["maintenance"]))
            session.commit()

    def hooks(self, count: int, host: str = "a") -> list[dict[str, Any]]:
        """Deliveries to webhooks of a host, whose subscribers are there."""
        self.people(count)
        return [
            {"recipient": f"subscriber {n}", "queue": f"webhook {host}"}
            for n in range(1, count + 1)
        ]

    def states(self) -> list[tuple[str, str]]:
        with self.open_session() as session:
            rows = session.scalars(select(Delivery).order_by(Delivery.id))
            return [(row.state, row.error) for row in rows]
