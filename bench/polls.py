"""Public polls over the wire, beside a program that does nothing and beside nginx."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from statistics import median
from urllib.parse import quote

from rich.console import Console
from rich.table import Table

from bench import inside, serving, visits
from bench.plots import Chart
from bench.serving import Load, Running
from tests.process_trees import web_processes
from tests.processes import Served

BUDGET = 0.85
# The default limit.
DEAR_A_MINUTE = 300


@dataclass
class Measured:
    """The rounds of one path, by who answers."""

    rounds: dict[str, list[Load]] = field(default_factory=dict)

    def press(self, who: str, url: str, *headers: str, pids: Sequence[int] = ()) -> None:
        self.rounds.setdefault(who, []).append(serving.press(url, *headers, pids=pids))

    def of(self, who: str) -> Load:
        return serving.middle(self.rounds[who])

    def ratio(self, who: str, other: str) -> float:
        """Of the rates, within each round: a machine that is shared is not always as quick."""
        pairs = zip(self.rounds[who], self.rounds[other], strict=True)
        return median(one.rate / beside.rate for one, beside in pairs)


def run(console: Console, folder: Path) -> Chart:
    """One web process on the demo, and two; each round asks all, one after the other."""
    with serving.portal(folder) as served:
        given = {path: serving.given(served.address + path) for path in serving.PATHS}
        with serving.nothing(folder, given) as nothing, serving.nginx(folder, given) as file:
            found = {
                path: _beside(path, given[path].etag, served, nothing, file)
                for path in serving.PATHS
            }
            _tell(console, found)
            visit = visits.first(served.address)
            console.print(
                f"a first visit of the demo's page: {visit.size / 1000:.1f} kB in"
                f" {visit.requests} requests (budget 30 kB, 5)"
            )
            with serving.cached(folder, served) as proxy:
                _cached(console, proxy, file)
        _beside_the_waf(console, served)
        _memory(console, served)
        one = found[serving.PATHS[0]].of("portal").rate
    twice = folder / "two"
    twice.mkdir()
    with serving.portal(twice, "--workers", "2") as two:
        # Two of the load too, or it would be what is measured.
        rates = [serving.press(two.address + serving.PATHS[0], threads=2) for _ in range(3)]
        both = serving.middle(rates).rate
        seen = visits.seconds_to_every_poll(two)
    console.print(f"two web processes: {both / one:.2f} times one (budget 1.7, wants four cores)")
    console.print(
        f"an act is seen by every poll of two web processes after {seen * 1000:.0f} ms (budget 100)"
    )
    return Chart("Polls a second, by web processes", "/s", [1, 2], [one, both])


def _beside(path: str, etag: str, served: Served, nothing: Running, file: str) -> Measured:
    measured, ours = Measured(), served.address
    for _ in range(serving.ROUNDS):
        measured.press("portal", ours + path, pids=web_processes(served))
        measured.press("nothing", nothing.address + path, pids=nothing.pids)
        measured.press("304", ours + path, f"If-None-Match: {etag}")
        measured.press("nginx", file + path)
    return measured


def _tell(console: Console, found: dict[str, Measured]) -> None:
    heads = "path", "/s", "its", "ratio", "µs", "its", "p99", "its", "304 /s", "of nginx"
    table = Table(*heads)
    for path, one in found.items():
        ours, least = one.of("portal"), one.of("nothing")
        table.add_row(
            path,
            f"{ours.rate:.0f}",
            f"{least.rate:.0f}",
            f"{one.ratio('portal', 'nothing'):.2f}",
            f"{ours.cost:.1f}",
            f"{least.cost:.1f}",
            f"{ours.p99:.2f}",
            f"{least.p99:.2f}",
            f"{one.of('304').rate:.0f}",
            f"{one.ratio('portal', 'nginx'):.2f}",
        )
    console.print("Polls, and beside each figure that of a program that does nothing:")
    console.print(table)
    console.print(f"budget: ratio {BUDGET}, p99 at most 1.3 times its; 304 above 200")


def _cached(console: Console, proxy: str, file: str) -> None:
    path, measured = serving.PATHS[1], Measured()
    for _ in range(serving.ROUNDS):
        measured.press("cached", proxy + path)
        measured.press("file", file + path)
    ratio = measured.ratio("cached", "file")
    console.print(
        f"the shipped nginx with its cache: {ratio:.2f} of nginx with a file (budget 0.9)"
    )


def _beside_the_waf(console: Console, served: Served) -> None:
    """Polls while one client sends the dearest requests that its limit leaves it."""
    url = served.address + serving.PATHS[1]
    quiet = [serving.press(url) for _ in range(serving.ROUNDS)]
    stop = threading.Event()
    attacker = threading.Thread(target=_send_dear_ones, args=(served.port, stop))
    attacker.start()
    pressed = [serving.press(url) for _ in range(serving.ROUNDS)]
    stop.set()
    attacker.join()
    before, meanwhile = serving.middle(quiet).p99, serving.middle(pressed).p99
    console.print(
        f"polls while one client sends the dearest requests it may: p99 {meanwhile:.2f} ms,"
        f" {meanwhile / before:.2f} times that of a quiet minute (budget 2)"
    )


def _send_dear_ones(port: int, stop: threading.Event) -> None:
    value = quote("{" * 1300)
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    while not stop.wait(60 / DEAR_A_MINUTE):
        connection.request("GET", f"{serving.PATHS[0]}?audience={value}")
        connection.getresponse().read()
    connection.close()


def _memory(console: Console, served: Served) -> None:
    for pid in web_processes(served):
        console.print(
            f"memory of process {pid} after the load: {inside.resident_megabytes(pid):.0f} MB"
        )
