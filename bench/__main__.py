"""`make bench`: a table of figures beside their budgets, and a picture of what grows."""

import tempfile
from itertools import pairwise
from pathlib import Path

from rich.console import Console

from bench import inside, panel, plots, polls, serving
from bench.plots import Chart
from tests.processes import ROOT

PICTURE = ROOT / "docs/images/cost.svg"
INCIDENTS = ((10, 1.0), (100, None), (1_000, 1.5), (4_000, 2.0))
BLOCKS = [1, 100, 1_000, 10_000]
KEYS = [1, 1_000, 10_000, 100_000]


def main() -> None:
    """Measure everything in one run, print it, and draw `PICTURE`."""
    console = Console()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        charts = [*_inside(console, folder / "inside"), *_serving(console, folder / "served")]
    PICTURE.write_text(plots.sheet(charts), encoding="utf-8")
    console.print(f"What grows with what is drawn in {PICTURE.relative_to(ROOT)}")


def _serving(console: Console, folder: Path) -> list[Chart]:
    gone = serving.missing()
    if gone:
        packages = " ".join({"nginx": "nginx-light"}.get(one, one) for one in gone)
        console.print(f"Left out, for want of {', '.join(gone)}: apt-get install {packages}")
        return []
    folder.mkdir()
    return [polls.run(console, folder)]


def _inside(console: Console, folder: Path) -> list[Chart]:
    app = inside.app(folder)
    chain = inside.microseconds(app.wsgi_app, "/api/status", 10_000)
    full = inside.microseconds(app.wsgi_app, "/bench", 2_000)
    bare = inside.microseconds(inside.bare().wsgi_app, "/bench", 2_000)
    console.print(f"chain with a ready answer: {chain:.1f} µs (budget 15)")
    console.print(
        f"Flask request, everything on: {full:.0f} µs; bare: {bare:.0f} µs;"
        f" {full / bare:.2f} times (budget 2.5)"
    )
    read, write = inside.waf_microseconds(app)
    console.print(
        f"WAF, {inside.waf_name(app)}: {read:.0f} µs a read, {write:.0f} µs a form (budget 150)"
    )
    dearest, taken, kept = inside.waf_dearest(app)
    console.print(
        f"WAF, the dearest query, full of {dearest!r}: {taken:.1f} ms (budget 3, the wheel's 15);"
        f" another thread keeps {kept:.0%} of its speed meanwhile (budget 60 %)"
    )
    held = []
    for known, most in pairwise([0, *BLOCKS]):
        inside.with_blocks(app, most, known=known)
        held.append(inside.microseconds(app.wsgi_app, "/api/status", 10_000))
    console.print(f"chain with 10 000 blocks in force: {held[-1]:.1f} µs (budget 20)")
    rebuilds = _rebuilds(console, folder)
    of = panel.cost(inside.app(folder / "panel"))
    console.print(
        f"panel: {of.page} queries a page, {of.poll} a poll (budget 8), {of.another} one more that"
        f" looks as well; {of.quiet_bytes} bytes a quiet poll; {of.milliseconds:.0f} ms a poll"
    )
    grown = inside.megabytes_of_keys(app)
    console.print(f"100 000 distinct keys: {grown:.1f} MB more (budget 25)")
    hits = inside.microseconds_of_keys(inside.app(folder / "keys"), KEYS)
    return [
        rebuilds,
        Chart("The chain, by blocks in force", "µs", BLOCKS, held, 20.0),
        Chart("A hit of the limit, by distinct keys", "µs", KEYS, hits),
    ]


def _rebuilds(console: Console, folder: Path) -> Chart:
    """The board with little and with much; neither cost nor bytes may grow with what is past."""
    first, taken = None, []
    for incidents, budget in INCIDENTS:
        made = inside.app(folder / f"board-{incidents}")
        inside.fill(made, components=100, incidents=incidents)
        found = inside.rebuild(made)
        first = first or found
        taken.append(found.milliseconds)
        console.print(
            f"board of 100 components, {incidents} past incidents: {found.milliseconds:.0f} ms,"
            f" {found.milliseconds / first.milliseconds:.2f} times (budget {budget or 'none'}),"
            f" {found.queries} queries; page {found.page[0] / 1000:.0f} kB,"
            f" {found.page[0] / first.page[0]:.2f} times, {found.page[1] / 1000:.1f} kB compressed;"
            f" banner {found.banner[0] / 1000:.1f} kB (budget 10)"
        )
    console.print(f"rebuilds of a quiet site: {inside.rebuilds_of_an_hour(made)} an hour")
    return Chart(
        "A rebuild of the board, by past incidents",
        "ms",
        [amount for amount, _ in INCIDENTS],
        taken,
        2 * taken[0],
    )


if __name__ == "__main__":
    main()
