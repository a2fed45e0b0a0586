"""Which nodes look at a monitor, and how many of them must agree."""

import hashlib
from collections.abc import Mapping

from portal.monitors.monitor import Monitor
from portal.monitors.nodes import MonitorNode


def of(row: Monitor, present: Mapping[int, MonitorNode]) -> list[int]:
    """The nodes that look at a monitor or may, by their numbers."""
    if row.nodes in ("any", "leader", "all"):
        return sorted(present)
    wanted = set(row.nodes.split(","))
    return sorted(
        number
        for number, node in present.items()
        if node.name in wanted or wanted & set(node.labels)
    )


def quorum(row: Monitor, present: Mapping[int, MonitorNode]) -> int:
    """How many nodes must agree: as it is set, or most of those that look at it."""
    if row.quorum is not None:
        return row.quorum
    return 1 if row.nodes in ("any", "leader") else len(of(row, present)) // 2 + 1


def is_mine(row: Monitor, me: int, present: Mapping[int, MonitorNode], *, leads: bool) -> bool:
    """Whether a node looks at a monitor; `leads` says whether it is the one that leads."""
    if row.is_heartbeat or row.is_paused:
        return False
    if row.nodes == "leader":
        return leads
    found = of(row, present)
    if row.nodes == "any":
        return bool(found) and me == chosen(row.slug, found)
    return me in found


def chosen(slug: str, nodes: list[int]) -> int:
    """Which of several nodes looks at a monitor that any of them may; few change when one goes."""

    def weight(node: int) -> bytes:
        return hashlib.sha256(f"{slug} {node}".encode()).digest()

    return max(nodes, key=weight)
