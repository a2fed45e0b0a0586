"""What must hold after every fault, once it is taken away."""

import re
import statistics
import time

from tests.patience import until
from tests.processes import Answer, Served
from tests.sites import figure


def holds(served: Served) -> None:
    """Ready within 10 s without a hand on it, counters that agree, a log that is whole."""
    until(lambda: served.get("/health/ready").status == 200, what="ready again")
    text = until(lambda: served.scrape().text, what="a scrape")
    hits, allowed, blocked = (
        figure(text, f"gigvora_rate_limit_{name}_total") for name in ("hits", "allowed", "blocked")
    )
    assert hits == allowed + blocked
    assert "the chain is intact" in served.run("audit", "verify")


class Pace:
    """How long answers take while something is broken.

    Judged by the median: what holds answers up holds up most of them, while a machine that is busy
    with something else holds up one now and then.
    """

    def __init__(self, served: Served) -> None:
        self._served = served
        self._took: list[float] = []

    def get(self, path: str) -> Answer:
        """An answer, without a trace."""
        begun = time.monotonic()
        answer = self._served.get(path)
        self._took.append(time.monotonic() - begun)
        assert "Traceback" not in answer.text
        return answer

    def holds(self, seconds: float) -> None:
        assert statistics.median(self._took) < seconds


def quick(served: Served, path: str) -> Answer:
    """The answer, which nothing that is broken may hold up."""
    pace = Pace(served)
    answer = [pace.get(path) for _ in range(3)][-1]
    pace.holds(1.0)
    return answer


def bearer(served: Served, *scopes: str) -> dict[str, str]:
    options = [part for scope in scopes for part in ("--scope", scope)]
    name = f"t{time.monotonic_ns()}"
    return {"Authorization": f"Bearer {served.run('token', 'create', name, *options).strip()}"}


def is_back(served: Served) -> bool:
    """Whether the log tells that the database came back after it was lost."""
    order = kinds(served)
    if "database.connection.lost" not in order:
        return False
    lost = order.index("database.connection.lost")
    return "database.connection.established" in order[lost:]


def kinds(served: Served) -> list[str]:
    """The types of all recorded events, the oldest first."""
    path = served.folder / f"log-{time.monotonic_ns()}.jsonl"
    served.run("audit", "export", str(path))
    return re.findall(r'"type": "([^"]+)"', path.read_text())
