"""Who is subscribed: pages, counts, and the next to be told."""

from datetime import datetime

from sqlalchemy import Integer, Select, and_, func, literal_column, or_, select
from sqlalchemy.orm import Session

from portal.notify.subscribers.schemas import Counts
from portal.notify.subscribers.subscriber import Subscriber, SubscriberKind, is_told, kinds_of
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
    count_to: int | None = None,
) -> tuple[list[Subscriber], int]:
    """A page, the newest first, and how many there are, counted as far as `count_to`."""
    query = select(Subscriber).where(
        *choice.has_text(Subscriber.address), *choice.names_component(Subscriber.components)
    )
    if kind is not None:
        query = query.where(Subscriber.kind == kind)
    return pages.page(
        session, query, Subscriber.id.desc(), limit=limit, offset=offset, count_to=count_to
    )


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
    is_long = Subscriber.choice.is_(None)
    are_asked = and_(Subscriber.kind.in_(kinds), Subscriber.confirmed_at.is_not(None))
    # Thousands choose the same: each choice is looked at once.
    each = (
        select(Subscriber.kind, Subscriber.choice, func.count().label("number"))
        .where(are_asked)
        .group_by(Subscriber.kind, Subscriber.choice)
        .subquery()
    )
    number = func.sum(each.c.number)
    rows = session.execute(
        select(
            each.c.kind,
            number.filter(is_told(notice, each.c.choice)),
            number.filter(each.c.choice.is_(None)),
        ).group_by(each.c.kind)
    ).all()
    for kind, told_of, _ in rows:
        found[SubscriberKind(kind)] = int(told_of or 0)
    # Whose choices are too long for the index; few choose so many components. A database that finds
    # all others alike would read them all to look for one.
    if any(long for *_, long in rows):
        for one in session.scalars(select(Subscriber).where(are_asked, is_long)):
            found[SubscriberKind(one.kind)] += one.wants(notice)
    return found


def counts(session: Session, *, most: int | None = None) -> Counts:
    """How many are told, by kind, and how many have yet to confirm; each from an index alone.

    With `most` each is counted as far as that and no further: one more says that there are more.
    """
    of_each = {
        kind.value: and_(Subscriber.confirmed_at.is_not(None), Subscriber.kind == kind)
        for kind in SubscriberKind
    }
    of_each["unconfirmed"] = Subscriber.confirmed_at.is_(None)
    one: Select[int] = select(literal_column("1", Integer)).select_from(Subscriber)
    numbers = (
        pages.number(one.where(which), most=most).label(name) for name, which in of_each.items()
    )
    return Counts.model_validate(dict(session.execute(select(*numbers)).one()._mapping))
