"""Who is subscribed: pages, counts, and the next to be told."""

from datetime import datetime

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from portal.notify.subscribers.schemas import Counts
from portal.notify.subscribers.subscriber import Subscriber, SubscriberKind, are_told, kinds_of
from portal.status.notices import Notice
from portal.store import pages
from portal.store.choices import ALL, Choice


def page(
    session: Session,
    *,
    limit: int,
    offset: int,
    kind: SubscriberKind | None = None,
    choice: Choice = ALL,
    known: int | None = None,
) -> tuple[list[Subscriber], int]:
    """A page, the newest first, and how many there are, unless that is known."""
    query = select(Subscriber).where(
        *choice.has_text(Subscriber.address), *choice.names_component(Subscriber.components)
    )
    if kind is not None:
        query = query.where(Subscriber.kind == kind)
    return pages.page(session, query, Subscriber.id.desc(), limit=limit, offset=offset, known=known)


def after(
    session: Session,
    position: int,
    *,
    before: datetime,
    now: datetime,
    most: int,
    until: int | None = None,
    has_mail: bool = True,
) -> list[Subscriber]:
    """The next that had confirmed before an instant, by their numbers; `until` one."""
    # Who confirmed by a clock that was set back since had confirmed too.
    has_confirmed = or_(Subscriber.confirmed_at <= before, Subscriber.confirmed_at > now)
    query = select(Subscriber).where(Subscriber.id > position, has_confirmed)
    if until is not None:
        query = query.where(Subscriber.id <= until)
    if not has_mail:
        query = query.where(Subscriber.kind != SubscriberKind.MAIL)
    return list(session.scalars(query.order_by(Subscriber.id).limit(most)))


def told(session: Session, notice: Notice) -> dict[SubscriberKind, int]:
    """How many subscribers of each kind a notice would go to; counted from an index alone."""
    found = dict.fromkeys(SubscriberKind, 0)
    kinds = kinds_of(notice)
    if not kinds:
        return found
    has_confirmed = Subscriber.confirmed_at.is_not(None)
    rows = session.execute(
        select(Subscriber.kind, func.count())
        .where(Subscriber.kind.in_(kinds), has_confirmed, are_told(notice))
        .group_by(Subscriber.kind)
    )
    for kind, number in rows:
        found[SubscriberKind(kind)] = number
    # Whose choices are too long for the index; few choose so many components.
    others = select(Subscriber).where(
        Subscriber.kind.in_(kinds), has_confirmed, Subscriber.choice.is_(None)
    )
    for one in session.scalars(others):
        found[SubscriberKind(one.kind)] += one.wants(notice)
    return found


def counts(session: Session) -> Counts:
    """How many are told, by kind, and how many have yet to confirm."""
    rows = session.execute(
        select(Subscriber.kind, func.count(), func.count(Subscriber.confirmed_at)).group_by(
            Subscriber.kind
        )
    )
    told, unconfirmed = dict.fromkeys(SubscriberKind, 0), 0
    for kind, every, confirmed in rows:
        told[SubscriberKind(kind)] = confirmed
        unconfirmed += every - confirmed
    return Counts(**{kind.value: number for kind, number in told.items()}, unconfirmed=unconfirmed)
