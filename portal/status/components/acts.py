"""What operators do with components, and with the states that are set by hand."""

from portal.errors import RuleError
from portal.status.components import queries
from portal.status.components.component import Component, Span, State
from portal.status.components.schemas import ComponentIn
from portal.unit_of_work import Acts, Transaction, act, changed_fields

MOST_COMPONENTS = 500


class Components(Acts):
    """Acts on components."""

    @act
    def add(self, tx: Transaction, new: ComponentIn) -> Component:
        """A new component; RuleError when its slug is taken, or there are 500."""
        if queries.find(tx.session, new.slug) is not None:
            raise RuleError("slug", "This slug is taken. Choose another one.")
        if queries.count(tx.session) >= MOST_COMPONENTS:
            raise RuleError("slug", f"There can be {MOST_COMPONENTS} components at most.")
        row = Component(slug=new.slug)
        new.apply(row, now=tx.now)
        tx.add(row)
        return tx.done(row, "component.created", component=row.slug, name=row.name)

    @act
    def edit(self, tx: Transaction, slug: str, content: ComponentIn) -> Component:
        """Replace what is said of a component; its slug stays, as links and history hang on it."""
        row = tx.expect(queries.find(tx.session, slug))
        if content.slug != row.slug:
            raise RuleError("slug", "A slug cannot be changed.")
        changed = changed_fields(row, lambda: content.apply(row, now=tx.now))
        fields = sorted("group" if name == "group_name" else name for name in changed)
        return tx.done(row, "component.changed", component=row.slug, fields=fields)

    @act
    def remove(self, tx: Transaction, slug: str) -> Component:
        """Remove a component and its history. Its incidents are kept."""
        row = tx.expect(queries.find(tx.session, slug))
        # SQLite and PostgreSQL both take its spans with it.
        tx.session.delete(row)
        tx.audit("component.removed", component=row.slug, name=row.name)
        return row

    @act
    def set_state(self, tx: Transaction, slug: str, state: State | None) -> Component:
        """Set a state by hand from now on; None takes it back.

        What alerts said before does not count while it stands; one that changes later does.
        """
        row = tx.expect(queries.find(tx.session, slug))
        before = queries.open_by_hand(tx.session, row.id)
        if before is not None:
            before.ended_at = tx.now
        if state is not None:
            tx.session.add(Span(component_id=row.id, state=state.value, began_at=tx.now))
        return tx.done(
            row,
            "component.state.changed",
            component=row.slug,
            before=before.state if before else None,
            after=state.value if state else None,
        )
