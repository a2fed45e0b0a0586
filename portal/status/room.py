"""What the room of the public's information holds."""

from collections.abc import Callable
from dataclasses import dataclass

from portal.core import Core
from portal.status.casebook import Casebook
from portal.status.inventory import Inventory
from portal.status.registry import Registry


@dataclass(frozen=True)
class Status:
    """The writers of windows and announcements, of incidents, and of components."""

    registry: Registry
    casebook: Casebook
    inventory: Inventory


def build(core: Core, on_change: Callable[[], None]) -> Status:
    """`on_change` is called after each commit that the public sees."""
    wants_approval = core.settings.second_pair_of_eyes
    return Status(
        Registry(core.open_session, on_change, wants_approval=wants_approval),
        Casebook(core.open_session, on_change),
        Inventory(core.open_session, on_change),
    )
