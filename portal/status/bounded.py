"""Bounded reads: what runs, what comes and what is over, the nearest first of each.

So nothing that is far away can push out what is near, nor what only some may see what is for
everyone. All parts of a table go into one statement, as the ids that it looks for; to put such a
statement together takes longer than its answer, so each is made once and given its instants.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    CompoundSelect,
    Select,
    Text,
    bindparam,
    cast,
    false,
    func,
    select,
    union_all,
)
from sqlalchemy.orm import InstrumentedAttribute

from portal.status.terms import Audience


@dataclass(frozen=True)
class Bounds:
    """How many are read of each part; once for what is for everyone, once for the rest.

    `of_series` is how many of each series come in any case; `latest` is how many that are over are
    kept however long ago that was, of what is for everyone.
    """

    running: int = 200
    next: int = 200
    of_series: int = 2
    past: int = 200
    latest: int = 50


BOUNDS = Bounds()
Moment = datetime | BindParameter[datetime]
NOW: BindParameter[datetime] = bindparam("now")
SINCE: BindParameter[datetime] = bindparam("since")


def is_public(audiences: InstrumentedAttribute[list[str]]) -> ColumnElement[bool]:
    """The condition that a row is for the public; the members of the column are a closed set.

    PostgreSQL knows nothing of what is in a JSON column and takes a text in it for rare: it would
    read and sort all rows where the first hundred of an index are enough. Of what stands within
    `coalesce` it takes one half for true.
    """
    is_named = cast(audiences, Text).contains(f'"{Audience.PUBLIC}"')
    return func.coalesce(is_named, false())


def by_audience(
    query: Select[int], audiences: InstrumentedAttribute[list[str]], *, most: int
) -> list[Select[int]]:
    """The first ids of an ordered query, of what is for everyone and of the rest."""
    public = is_public(audiences)
    return [query.where(public).limit(most), query.where(~public).limit(most)]


def union(parts: list[Select[int]]) -> CompoundSelect[int]:
    """All ids of some bounded queries."""
    # SQLite takes no LIMIT within a UNION but in a query of its own.
    return union_all(*(select(part.subquery().c.id) for part in parts))
