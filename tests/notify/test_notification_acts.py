"""What operators do about notices and subscribers."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.audit import search
from portal.errors import NotFoundError, RuleError
from portal.notify import messages
from portal.notify.broadcasts import Broadcasts, NotificationIn, Sender
from portal.notify.outbox import Deliveries
from portal.notify.subscribers import Addresses, Subscriber, WebhookIn
from portal.notify.subscribers.acts import Subscribers
from portal.status.notices import Notice
from portal.status.templates import MessageTemplate
from portal.store.idempotency import IdempotencyKey, StoredResponse
from portal.unit_of_work import By
from tests import rows
from tests.board.parts import stored
from tests.clocks import StandingClock
from tests.instants import NOW


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
    return ('["W", [], "R", "C", "U", ": ", false]' if name == "card" else "text"), "html"


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
    acts = Subscribers(open_session, Addresses(("secret",)))
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


def test_hidden_components_have_names_for_operators_alone(open_session: Callable[[], Session]):
    with open_session() as session:
        for number, is_public in enumerate((True, False)):
            session.add(stored(number, NOW.date(), NOW, is_public=is_public))
        session.flush()
        assert messages.names(session) == {"c0": "C0"}
        assert messages.names(session, has_hidden=True) == {"c0": "C0", "c1": "C1"}
