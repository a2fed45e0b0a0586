"""`make bench`: a table of figures beside their budgets."""

import tempfile
import time
import urllib.request
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench import inside, panel, serving
from tests.processes import Served, web_processes


def main() -> None:
    """Measure everything in one run and print it."""
    console = Console()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _serving(console, folder / "served")
        _inside(console, folder / "inside")


def _serving(console: Console, folder: Path) -> None:
    gone = serving.missing()
    if gone:
        packages = " ".join({"nginx": "nginx-light"}.get(one, one) for one in gone)
        console.print(f"Left out, for want of {', '.join(gone)}: apt-get install {packages}")
        return
    folder.mkdir()
    table = Table("path", "portal /s", "nginx /s", "ratio", "p99 ms", "nginx p99", "304 /s")
    begun = time.perf_counter()
    with serving.portal(folder) as served:
        start = time.perf_counter() - begun
        bodies = {}
        tags = {}
        for path in serving.PATHS:
            with urllib.request.urlopen(served.address + path, timeout=5) as answer:
                bodies[path] = (answer.read(), answer.headers["Content-Type"])
                tags[path] = answer.headers["ETag"]
        with serving.nginx(folder, bodies) as address:
            for path in serving.PATHS:
                ours, theirs, known = [], [], []
                for _ in range(serving.ROUNDS):
                    ours.append(serving.press(served.address + path))
                    theirs.append(serving.press(address + path))
                    known.append(
                        serving.press(served.address + path, f"If-None-Match: {tags[path]}")
                    )
                us, them = serving.middle(ours), serving.middle(theirs)
                table.add_row(
                    path,
                    f"{us.rate:.0f}",
                    f"{them.rate:.0f}",
                    f"{us.rate / them.rate:.2f}",
                    f"{us.p99:.2f}",
                    f"{them.p99:.2f}",
                    f"{serving.middle(known).rate:.0f}",
                )
        console.print(table)
        console.print("budget: ratio 0.6, aim 0.75; p99 at most 3 times nginx's; 304 above 200")
        for pid in _children(served):
            console.print(
                f"memory of process {pid} after the load: {inside.resident_megabytes(pid):.0f} MB"
                " (budget 110)"
            )
    console.print(f"db upgrade, demo and start together: {start:.1f} s")
    with Served(folder / "again", "--no-worker") as again:
        again.stop()
        begun = time.perf_counter()
        with again:
            console.print(
                f"portal serve to its first 200: {time.perf_counter() - begun:.1f} s (budget 2)"
            )


def _inside(console: Console, folder: Path) -> None:
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
    inside.with_blocks(app, 10_000)
    held = inside.microseconds(app.wsgi_app, "/api/status", 10_000)
    console.print(f"chain with 10 000 blocks in force: {held:.1f} µs (budget 20)")
    _rebuilds(console, folder)
    of = panel.cost(inside.app(folder / "panel"))
    console.print(
        f"panel: {of.page} queries a page, {of.poll} a poll (budget 8), {of.another} one more that"
        f" looks as well; {of.quiet_bytes} bytes a quiet poll; {of.milliseconds:.0f} ms a poll"
    )
    grown = inside.megabytes_of_keys(app)
    console.print(f"100 000 distinct keys: {grown:.1f} MB more (budget 25)")


def _rebuilds(console: Console, folder: Path) -> None:
    """The board with little and with much; its queries and its cost must not grow with history."""
    for components, incidents in ((10, 10), (100, 10), (100, 1_000), (100, 4_000)):
        made = inside.app(folder / f"board-{components}-{incidents}")
        inside.fill(made, components=components, incidents=incidents)
        milliseconds, queries, plain, packed = inside.rebuild(made)
        console.print(
            f"board of {components} components, {incidents} past incidents:"
            f" {milliseconds:.0f} ms (budget 50), {queries} queries,"
            f" page {plain / 1000:.0f} kB, {packed / 1000:.0f} kB compressed (budget 60)"
        )


def _children(served: Served) -> list[int]:
    return web_processes(served)


if __name__ == "__main__":
    main()
