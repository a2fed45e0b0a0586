"""Counting the queries of a site, so that their number can be an expectation."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

from sqlalchemy import event

from portal.rooms import Portal


class Site(Protocol):
    """Whatever has the rooms of an app: a site under test, or one that is measured."""

    @property
    def portal(self) -> Portal: ...


@dataclass
class Queries:
    """The statements that were sent, in their order; the start of a transaction is none."""

    statements: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.statements)

    def expect(self, most: int, what: str = "") -> None:
        """Fail with the statements, the most frequent first, when there are more."""
        times = Counter(" ".join(one.split()) for one in self.statements)
        shown = "\n".join(f"{count:4} x {text[:300]}" for text, count in times.most_common())
        assert len(self) <= most, (
            f"{len(self)} queries, at most {most} are expected. {what}\n{shown}"
        )


@contextmanager
def counted(site: Site) -> Iterator[Queries]:
    """What a site asks its database inside the block, by the pool and by the engine apart."""
    found = Queries()

    def note(_: Any, __: Any, statement: str, *___: Any) -> None:
        if not statement.startswith("BEGIN"):
            found.statements.append(statement)

    engines = (site.portal.core.engine, site.portal.core.probe_engine)
    for engine in engines:
        event.listen(engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        for engine in engines:
            event.remove(engine, "before_cursor_execute", note)
