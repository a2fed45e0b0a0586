"""Who acts on a request."""

from dataclasses import dataclass

from portal.accounts.operators import Operator
from portal.accounts.roles import Scope


@dataclass(frozen=True)
class Caller:
    """A token's or a person's name as the audit log writes it, and what it may do."""

    actor: str
    scopes: frozenset[Scope]
    operator: Operator | None = None
