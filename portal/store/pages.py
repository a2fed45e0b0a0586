"""A page of a list and how many rows the whole list has, by one query."""

from typing import Any, TypeVar

from sqlalchemy import Select, Subquery, func, select
from sqlalchemy.orm import Session

Row = TypeVar("Row")


def page(
    session: Session, query: Select[Row], *order: Any, limit: int, offset: int
) -> tuple[list[Row], int]:
    """The rows of a page in their order, and how many the query finds in all."""
    table = _table(query)
    part = keys(query, *order, limit=limit, offset=offset)
    found = session.execute(
        select(table, part.c.total).join(part, part.c.id == table.id).order_by(*order)
    ).all()
    if not found:
        return [], beyond(session, query, offset)
    return [row for row, _ in found], found[0][1]


def keys(query: Select[Any], *order: Any, limit: int, offset: int) -> Subquery:
    """The ids of a page, each with the `total` of all: long texts are not read to count rows."""
    every = query.with_only_columns(_table(query).id, func.count().over().label("total"))
    return every.order_by(*order).limit(limit).offset(offset).subquery()


def beyond(session: Session, query: Select[Any], offset: int) -> int:
    """How many there are when a page is empty, and no row can say it."""
    if not offset:
        return 0
    return session.scalar(select(func.count()).select_from(query.subquery())) or 0


def _table(query: Select[Any]) -> Any:
    return query.column_descriptions[0]["entity"]
