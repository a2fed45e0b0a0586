"""How much a grown portal has of each, and when that was."""

from dataclasses import dataclass
from datetime import datetime, timedelta

DAYS = 730


@dataclass(frozen=True)
class Sizes:
    """How much there is of each."""

    components: int = 200
    incidents: int = 5000
    updates: int = 10
    windows: int = 5060
    subscribers: int = 100_000
    events: int = 1_000_000
    blocks: int = 20_500
    samples: int = 10_080

    @classmethod
    def share(cls, share: float) -> "Sizes":
        """A share of everything; of components and updates as many as there are."""
        whole = cls()
        return cls(
            incidents=round(whole.incidents * share),
            windows=round(whole.windows * share),
            subscribers=round(whole.subscribers * share),
            events=round(whole.events * share),
            blocks=round(whole.blocks * share),
            samples=round(whole.samples * share),
        )


def ago(number: int, most: int, now: datetime) -> datetime:
    """An instant of the two years; the last one is the latest."""
    return now - timedelta(days=1 + DAYS * (most - number) / max(1, most))
