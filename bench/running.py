"""What a whole `portal serve` costs on the grown portal, and what it does beside its other work."""

from pathlib import Path

from bench import mails, nodes, retention
from bench.portals import Bench

Row = tuple[str, ...]
HEAD: Row = ("of a node that runs", "empty", "grown", "goal")


def rows(empty: Bench, grown: Bench, folder: Path) -> list[Row]:
    """Measured one after the other; the grown portal is another one after that."""
    return [*_rest(empty, grown, folder), *_mails(grown, folder), *_retention(grown, folder)]


def _rest(empty: Bench, grown: Bench, folder: Path) -> list[Row]:
    none, many = nodes.at_rest([empty, grown], folder)
    panels = nodes.with_panels(grown, folder)
    return [
        ("share of a core at rest", f"{none.share:.2%}", f"{many.share:.2%}", "1 %"),
        ("statements a second at rest", f"{none.statements:.1f}", f"{many.statements:.1f}", ""),
        (
            f"share of a core of the web process, {nodes.PANELS} panels open",
            "",
            f"{panels.share:.1%}",
            "20 %",
        ),
        (
            "a poll of an open panel, median and 95th percentile",
            "",
            f"{panels.middle:.0f} and {panels.p95:.0f} ms",
            "",
        ),
    ]


def _mails(grown: Bench, folder: Path) -> list[Row]:
    found = mails.measured(grown, folder)
    return [
        (
            f"mails a second without a rate, of the worker with {found.share:.0%} of a core",
            "",
            f"{found.rate:.0f}",
            "",
        ),
        ("mails a second of a core of the worker", "", f"{found.rate / found.share:.0f}", "1000"),
        ("an incident to all subscribers, its act", "", f"{found.act:.0f} ms", "600 ms"),
        (
            f"its first mail, while {_number(found.waiting)} of the end of a window wait",
            "",
            f"{found.first:.1f} s",
            "2 s",
        ),
        ("deliveries of it that are kept, for three days", "", _number(found.kept), ""),
    ]


def _retention(grown: Bench, folder: Path) -> list[Row]:
    found = retention.measured(grown, folder)
    what = f"{_number(found.events)} audit events sealed, {_number(found.deliveries)} deliveries"
    return [
        (f"the first sweep of {what} forgotten", "", f"{found.seconds:.0f} s", ""),
        (
            "acts meanwhile, the median and the longest",
            "",
            f"{found.usual:.0f} and {found.longest:.0f} ms",
            "1000 ms",
        ),
        (f"of {_number(found.acts)} such acts refused", "", str(found.refused), "0"),
    ]


def _number(many: int) -> str:
    return f"{many:,}".replace(",", " ")
