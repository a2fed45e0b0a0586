"""What operators do about notices and subscribers, and what the worker publishes by itself."""

from collections.abc import Callable
from datetime import timedelta
from ipaddress import ip_network
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.audit import search
from portal.errors import NotFoundError, RuleError
from portal.notify import messages, publishing, targets
from portal.notify.broadcasts import Broadcasts, NotificationIn, Sender
from portal.notify.outbox import Deliveries
from portal.notify.subscribers import Addresses, Subscriber, WebhookIn
from portal.notify.subscribers.acts import Subscribers
from portal.notify.targets import TargetError
from portal.status import notices
from portal.status.incidents import Incident, IncidentIn, Incidents
from portal.status.notices import Event, Notice
from portal.status.templates import MessageTemplate
from portal.store.idempotency import IdempotencyKey, StoredResponse
from portal.unit_of_work import By
from tests import rows
from tests.board.parts import stored
from tests.clocks import StandingClock
from tests.instants import HOUR, NOW


@pytest.fixture
def open_session(
    open_session: Callable[[], Session], still: StandingClock
) -> Callable[[], Session]:
    with open_session() as session:
        session.add(
            MessageTemplate(name="ops", title="On {{when}}", message="m", updated_at=NOW, version=1)
        )
        session.commit()
    return open_session


def rendered(name: str, **_: Any) -> tuple[str, str]:
    return ('["W", [], "R", "C", "U", false]' if name == "card" else "text"), "html"


@pytest.fixture
def broadcasts(open_session: Callable[[], Session]) -> Broadcasts:
    sender = Sender("Site", "https://s.example", rendered, ("c1", "c2"))
    return Broadcasts(open_session, sender)


def logged(open_session: Callable[[], Session]) -> tuple[str, dict[str, Any]]:
    with open_session() as session:
        (event, *_), _ = search.search(session)
    return event.type, event.detail


def person(number: int) -> Subscriber:
    return rows.subscriber(number, topics=["announcements"])


WISH = NotificationIn(template="ops", values={"when": "Monday"})


def test_a_rehearsal_stores_nothing_and_counts(broadcasts: Broadcasts, open_session: Any):
    with open_session() as session:
        session.add_all([person(1), person(2)])
        session.commit()
    shown = broadcasts.preview(WISH)
    assert (shown.id, shown.title, shown.recipients) == (None, "On Monday", 4)
    assert [(one.channel, one.recipients) for one in shown.messages] == [
        ("mail", 2),
        ("slack", 0),
        ("teams", 0),
        ("webhook", 0),
        ("chat", 2),
    ]
    with open_session() as session:
        assert session.scalars(select(Notice)).all() == []
    shown = broadcasts.preview(NotificationIn(template="ops", values={"when": "Größe"}))
    assert all("Größe" in one.text for one in shown.messages if one.channel == "webhook")


def test_what_is_sent_is_in_the_outbox_and_on_record(broadcasts: Broadcasts, open_session: Any):
    once = IdempotencyKey("k", b"r", lambda made: {"id": made.id})
    made = broadcasts.send(By("ada", key=once), WISH)
    with open_session() as session:
        row = session.scalars(select(Notice)).one()
        kept = session.scalars(select(StoredResponse)).one()
    assert (row.id, row.event, row.title) == (made.id, "sent", "On Monday")
    assert kept.body == {"id": made.id}
    assert logged(open_session) == (
        "maintenance.notification.sent",
        {"template": "ops", "audiences": ["public"], "recipients": 2},
    )
    broadcasts.send(By("ada"), WISH)
    for given, error in (
        (NotificationIn(template="nothing"), NotFoundError),
        (NotificationIn(template="ops"), RuleError),
        (WISH.model_copy(update={"components": ["nothing"]}), RuleError),
    ):
        with pytest.raises(error):
            broadcasts.send(By("ada"), given)


def test_a_dead_letter_is_tried_again(broadcasts: Broadcasts, open_session: Any):
    broadcasts.send(By("ada"), WISH)
    with open_session() as session:
        session.add(
            rows.delivery(
                recipient="chat c",
                queue="chat c",
                state="dead",
                attempts=6,
                settled_at=NOW,
                error="x",
            )
        )
        session.commit()
    Deliveries(open_session).retry(By("ada"), 1)
    assert logged(open_session)[1] == {"delivery": 1}
    for number in (1, 99):
        with pytest.raises(NotFoundError):
            Deliveries(open_session).retry(By("ada"), number)


def test_a_webhooks_key_is_shown_once(open_session: Any):
    acts = Subscribers(open_session, Addresses("secret"))
    once = IdempotencyKey("k", b"r", lambda made: made.shown.model_dump(mode="json"))
    made = acts.add_webhook(By("ada", key=once), WebhookIn(url="https://h.example/x"))
    assert len(made.shown.secret) == 48
    with open_session() as session:
        assert session.scalars(select(StoredResponse)).one().body["secret"] == ""
    acts.add_webhook(By("ada"), WebhookIn(url="https://h.example/y"))
    acts.remove(By("ada"), made.id)
    with pytest.raises(NotFoundError):
        acts.remove(By("ada"), made.id)
    assert logged(open_session)[0] == "subscriber.removed"


@pytest.fixture
def incidents(open_session: Callable[[], Session]) -> Incidents:
    return Incidents(open_session, lambda: None)


def test_what_somebody_told_of_is_not_published(incidents: Incidents, open_session: Any):
    assert not publishing._is_known(incidents, 1)
    link = {"kind": "episode", "ref": "2"}
    incidents.open(By("ada"), IncidentIn(title="T", impact="minor", message="m", links=[link]))
    assert publishing._is_known(incidents, 2)
    assert not publishing._is_known(incidents, 1)
    with open_session() as session:
        notices.for_operators(
            session, Event.PUBLISHED, "episode-1", title="", message="", link="", now=NOW
        )
        session.commit()
    assert publishing._is_known(incidents, 1)
    assert not publishing._is_known(incidents, 3)


@pytest.mark.parametrize(
    ("severity", "age", "impact"),
    [("critical", HOUR, "major"), ("warning", HOUR, "minor"), ("critical", timedelta(0), None)],
)
def test_an_alert_that_lasts_is_published_once(
    incidents: Incidents, open_session: Any, severity, age, impact
):
    with open_session() as session:
        session.add(
            MessageTemplate(
                name="public",
                title="{{components}}",
                message="{{somebody}} has to fill this in",
                updated_at=NOW,
                version=1,
            )
        )
        session.add(
            rows.episode(
                alert="pool-waiting",
                subject="",
                title="Pool waiting",
                severity=severity,
                opened_at=NOW - age,
                unit="s",
            )
        )
        session.commit()
    settings: Any = SimpleNamespace(sustained_after=timedelta(minutes=5))
    opened = publishing.publish(incidents, settings, runbook="/r")
    assert len(opened) == (0 if impact is None else 1)
    assert publishing.publish(incidents, settings, runbook="/r") == []
    if impact is not None:
        with open_session() as session:
            found = [one.event for one in session.scalars(select(Notice).order_by(Notice.id))]
            row = session.scalars(select(Incident)).one()
        assert found == ["opened", "published"]
        assert (row.impact, row.started_at) == (impact, NOW - age)
        # Nobody is there to fill a place in: the text that ships goes out.
        assert row.title == "Problem with our service"


@pytest.mark.unit
@pytest.mark.parametrize(
    ("url", "is_taken"),
    [
        ("https://h.example/x?y=1", True),
        ("http://h.example:80", True),
        ("http://h.example:443", True),
        ("http://h.example:1024", True),
        ("http://h.example:1023", False),
        ("http://h.example:22", False),
        ("http://h.example:0", False),
        ("http://h.example:99999", False),
        ("http://hä.example/", False),
        ("http://h.example/a b", False),
        ("http://h.example/\x7f", False),
        ("http://h.example\\x", False),
        ("http://user@h.example/", False),
        ("http://:secret@h.example/", False),
        ("ftp://h.example/", False),
        ("https:///x", False),
    ],
)
def test_which_addresses_could_be_called(url, is_taken):
    if is_taken:
        assert targets.split(url).hostname == "h.example"
    else:
        with pytest.raises(TargetError):
            targets.split(url)


@pytest.mark.unit
@pytest.mark.parametrize(
    ("found", "allowed", "address", "why"),
    [
        (["1.1.1.1"], (), "1.1.1.1", "the open internet"),
        (["1.1.1.1", "10.0.0.1"], (), None, "one address inside is enough"),
        ([], (), None, "no address"),
        (["10.0.0.1"], ("h.example",), "10.0.0.1", "its name is listed"),
        (["10.0.0.1"], ("other.example",), None, "another name is"),
        (["10.0.0.1"], (ip_network("10.0.0.0/8"),), "10.0.0.1", "its network is listed"),
        (["10.0.0.1"], (ip_network("192.168.0.0/16"),), None, "another network is"),
        (["fe80::1%eth0"], (), None, "a link's own"),
    ],
)
def test_where_a_name_may_lead(found, allowed, address, why):
    parts = targets.split("https://H.example/")
    look = lambda host, port: found  # noqa: E731
    if address is not None:
        assert targets.resolve(parts, 443, allowed, look) == address, why
    else:
        with pytest.raises(TargetError):
            targets.resolve(parts, 443, allowed, look)


class Answer:
    status, headers = 200, {"Retry-After": "7"}

    def read(self, most: int) -> bytes:
        return b""


class Connection:
    """What would be called, and with what."""

    calls: list[tuple[Any, ...]] = []

    def __init__(self, parts: Any, port: int, address: str, deadline: float) -> None:
        self.port, self.address, self.sock = port, address, None

    def request(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> None:
        Connection.calls.append((self.port, self.address, method, path))

    def getresponse(self) -> Answer:
        return Answer()

    def close(self) -> None:
        pass


@pytest.mark.unit
@pytest.mark.parametrize(
    ("url", "port", "path"),
    [
        ("https://h.example", 443, "/"),
        ("http://h.example", 80, "/"),
        ("http://h.example:8080/x", 8080, "/x"),
        ("https://h.example/x?y=1", 443, "/x?y=1"),
        ("https://h.example?y", 443, "/?y"),
    ],
)
def test_what_is_called(monkeypatch: pytest.MonkeyPatch, url, port, path):
    monkeypatch.setattr(targets, "_Connection", Connection)
    Connection.calls.clear()
    reply = targets.post(url, b"", {}, look=lambda host, port: ["1.1.1.1"])
    assert (reply.status, reply.retry_after) == (200, "7")
    assert Connection.calls == [(port, "1.1.1.1", "POST", path)]


def test_hidden_components_have_names_for_operators_alone(open_session: Callable[[], Session]):
    with open_session() as session:
        for number, is_public in enumerate((True, False)):
            session.add(stored(number, NOW.date(), NOW, is_public=is_public))
        session.flush()
        assert messages.names(session) == {"c0": "C0"}
        assert messages.names(session, has_hidden=True) == {"c0": "C0", "c1": "C1"}
