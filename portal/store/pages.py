"""A page of a list and how many rows the whole list has, by one query.

What a page costs is what its rows cost, wherever they stand in the table and however many there
are: the rows come from an index, in order, and the number of all is counted apart.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Select, cast, func, literal, null, select, union_all
from sqlalchemy.orm import Session

Row = TypeVar("Row")


@dataclass(frozen=True)
class Part:
    """Rows that stand together in a list, by one column: the least first, or the greatest."""

    where: ColumnElement[bool]
    by: Any
    is_downwards: bool = True


def page(
    session: Session,
    query: Select[Row],
    *order: Any,
    limit: int,
    offset: int,
    count_to: int | None = None,
) -> tuple[list[Row], int]:
    """The rows of a page in their order, and how many there are in all.

    With `count_to` they are counted as far as that and no further: one more says that there are
    more.
    """
    table, total = _table(query), _count(query, count_to)
    # Long texts are not read to count rows.
    ids = query.with_only_columns(table.id).order_by(*order).limit(limit).offset(offset).subquery()
    rows = select(table, total).join(ids, ids.c.id == table.id).order_by(*order)
    return _read(session, rows, total, offset)


def of_parts(
    session: Session,
    query: Select[Row],
    parts: Sequence[Part],
    *,
    limit: int,
    offset: int,
    total: Any = None,
    is_latest_first: bool = False,
    only: int | None = None,
) -> tuple[list[Row], int]:
    """The same of a list whose parts follow each other; each has an index of its own.

    The parts must leave out nothing that the query finds, and have nothing in common. `total` is
    for whoever knows a shorter way to the number of all. Of rows that are alike by the column of
    their part the first that was made comes first, or the last. `only` is the number of the part
    to which the list is narrowed.
    """
    if only is not None:
        parts = [parts[only]]
        query, total = query.where(parts[0].where), None
    total = _count(query) if total is None else total
    table = _table(query)
    ids = union_all(
        *(
            _first(query, part, number, limit + offset, is_latest_first)
            for number, part in enumerate(parts)
        )
    ).subquery()
    tie = table.id.desc() if is_latest_first else table.id
    order = (ids.c.number, ids.c.up, ids.c.down.desc(), tie)
    rows = select(table, total).join(ids, ids.c.id == table.id).order_by(*order)
    return _read(session, rows.limit(limit).offset(offset), total, offset)


def _read(session: Session, query: Select[Any], total: Any, offset: int) -> tuple[list[Any], int]:
    """Rows, and the total that stands beside each; of an empty page it is asked for."""
    rows = session.execute(query).all()
    if not rows:
        return [], (session.scalar(select(total)) or 0) if offset else 0
    return [row for row, _ in rows], rows[0][1]


def _first(
    query: Select[Any], part: Part, number: int, most: int, is_latest_first: bool
) -> Select[Any]:
    """The first ids of a part, with what they are ordered by."""
    table, by = _table(query), part.by
    nothing = cast(null(), by.type)
    found = query.with_only_columns(
        table.id.label("id"),
        literal(number).label("number"),
        (nothing if part.is_downwards else by).label("up"),
        (by if part.is_downwards else nothing).label("down"),
    ).where(part.where)
    tie = table.id.desc() if is_latest_first else table.id
    first = found.order_by(by.desc() if part.is_downwards else by, tie).limit(most).subquery()
    return select(first)


def _count(query: Select[Any], most: int | None = None) -> Any:
    """How many rows the query finds: a statement of its own within, so that a page ends early."""
    return number(query.with_only_columns(_table(query).id).order_by(None), most=most)


def number(query: Select[Any], *, most: int | None = None) -> Any:
    """How many rows a query finds, to be selected: all of them, or `most` and one more at most."""
    if most is not None:
        query = query.limit(most + 1)
    return select(func.count()).select_from(query.subquery()).scalar_subquery()


def _table(query: Select[Any]) -> Any:
    return query.column_descriptions[0]["entity"]
