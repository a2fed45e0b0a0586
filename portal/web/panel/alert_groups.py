"""The alerts of the panel by kind, the most urgent first, and those that somebody takes care of."""

from collections.abc import Iterable
from dataclasses import dataclass

from portal.runtime.snapshot import Alert

# What fits on the first screen of a phone.
SHOWN = 3
# Whoever presses can be stopped at once; a late worker waits that long.
PRESSING = {"rate-limit-pressure", "waf-spike", "perimeter-spike"}
URGENT = {"critical", "bad", "error", "major"}


@dataclass(frozen=True)
class Group:
    """Alerts of one kind: the worst, and the others of it."""

    first: Alert
    others: list[Alert]

    @property
    def all(self) -> list[Alert]:
        return [self.first, *self.others]

    @property
    def tone(self) -> str:
        return "bad" if self.first.severity in URGENT else "warn"


@dataclass(frozen=True)
class Groups:
    """Those that are shown, those that are folded, and those that are acknowledged."""

    shown: list[Group]
    more: list[Group]
    acknowledged: list[Group]

    @property
    def open(self) -> int:
        """How many alerts nobody takes care of yet."""
        return sum(len(one.all) for one in (*self.shown, *self.more))


def grouped(alerts: Iterable[Alert]) -> Groups:
    """Alerts that are most urgent first, in groups of one name; acknowledged ones apart."""
    found = list(alerts)
    waiting = _by_name(one for one in found if one.acknowledged_at is None)
    return Groups(
        shown=waiting[:SHOWN],
        more=waiting[SHOWN:],
        acknowledged=_by_name(one for one in found if one.acknowledged_at is not None),
    )


def _rank(alert: Alert) -> tuple[bool, bool]:
    return alert.severity not in URGENT, alert.id not in PRESSING


def _by_name(alerts: Iterable[Alert]) -> list[Group]:
    by_name: dict[str, list[Alert]] = {}
    for one in sorted(alerts, key=_rank):
        by_name.setdefault(one.id, []).append(one)
    return [Group(first, others) for first, *others in by_name.values()]
