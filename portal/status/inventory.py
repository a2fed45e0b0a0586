"""The only writer of components, and of the states that are set by hand."""

from datetime import datetime

from portal.audit import chain
from portal.status import components
from portal.status.components import Component, ComponentIn, Span, State
from portal.status.registry import Once, expect
from portal.status.terms import RuleError
from portal.store.revision import Writer
from portal.store.trouble import retried


class Inventory(Writer):
    """Each act is one transaction with its audit event and the revision."""

    @retried
    def add(self, wish: ComponentIn, *, actor: str, once: Once | None = None) -> Component:
        """A new component; RuleError when its slug is taken, or there are 500."""
        with self._change() as (session, now):
            if components.find(session, wish.slug) is not None:
                raise RuleError("slug", "This slug is taken; choose another.")
            if components.count(session) >= components.MOST_COMPONENTS:
                raise RuleError(
                    "slug", f"There can be {components.MOST_COMPONENTS} components at most."
                )
            row = Component(slug=wish.slug, version=1, updated_at=now)
            components.apply(row, wish, now=now)
            session.add(row)
            session.flush()
            chain.append(
                session, "component.created", actor=actor, at=now, component=row.slug, name=row.name
            )
            if once is not None:
                once.keep(session, row, now)
        return row

    @retried
    def edit(
        self,
        slug: str,
        wish: ComponentIn,
        *,
        version: int | None,
        actor: str,
        once: Once | None = None,
    ) -> Component:
        """Replace what is said of a component; its slug stays, as links and history hang on it."""
        with self._change() as (session, now):
            row = expect(components.find(session, slug), version)
            if wish.slug != row.slug:
                raise RuleError("slug", "A slug stays once it is given.")
            before = components.out(row, None).model_dump()
            components.apply(row, wish, now=now)
            after = components.out(row, None).model_dump()
            _bump(row, now)
            chain.append(
                session,
                "component.changed",
                actor=actor,
                at=now,
                component=row.slug,
                fields=sorted(name for name in after if after[name] != before[name]),
            )
            if once is not None:
                once.keep(session, row, now)
        return row

    @retried
    def remove(
        self, slug: str, *, version: int | None, actor: str, once: Once | None = None
    ) -> Component:
        """Take a component away with its history; its incidents stay."""
        with self._change() as (session, now):
            row = expect(components.find(session, slug), version)
            # SQLite and PostgreSQL both take its spans with it.
            session.delete(row)
            chain.append(
                session, "component.removed", actor=actor, at=now, component=row.slug, name=row.name
            )
            if once is not None:
                once.keep(session, row, now)
        return row

    @retried
    def set_state(
        self,
        slug: str,
        state: State | None,
        *,
        version: int | None,
        actor: str,
        once: Once | None = None,
    ) -> Component:
        """Set a state by hand from now on; None, or operational, takes it back."""
        with self._change() as (session, now):
            row = expect(components.find(session, slug), version)
            before = components.open_by_hand(session, row.id)
            if before is not None:
                before.ended_at = now
            if state not in (None, State.OPERATIONAL):
                session.add(
                    Span(component_id=row.id, incident_id=None, state=state.value, began_at=now)
                )
            _bump(row, now)
            chain.append(
                session,
                "component.state.changed",
                actor=actor,
                at=now,
                component=row.slug,
                before=before.state if before else None,
                after=state.value if state else None,
            )
            if once is not None:
                session.flush()
                once.keep(session, row, now)
        return row


def _bump(row: Component, now: datetime) -> None:
    row.version += 1
    row.updated_at = now
