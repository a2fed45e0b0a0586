"""Scrape state, shared by all processes of a node.

One small file under a lock holds the count, the last scrape on the boot clock and on the wall
clock, each scraper's own last scrape, and the latest attempts. Only a rendered feed counts.
"""

import fcntl
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from hmac import compare_digest
from pathlib import Path
from typing import Any

from portal import clock
from portal.settings import ScraperToken

_MOST_ATTEMPTS = 12


@dataclass
class ScrapeRecord:
    """One scraper's last read, on both clocks."""

    boot: float
    wall: float


@dataclass
class Attempt:
    """A read of the feed, refused ones too; `at` in seconds since the epoch."""

    at: float
    address: str
    scraper: str | None
    status: int
    reason: str


@dataclass
class ScrapeState:
    """What the file holds; `started_boot` is when the service began."""

    started_boot: float
    started_wall: float
    scrapes: int = 0
    last: ScrapeRecord | None = None
    scrapers: dict[str, ScrapeRecord] = field(default_factory=dict)
    attempts: list[Attempt] = field(default_factory=list)

    def age(self, now_boot: float) -> int:
        """Whole seconds since the last scrape, or since the start before there was one."""
        since = self.last.boot if self.last else self.started_boot
        return max(0, int(now_boot - since))

    def scraper_age(self, name: str, now_boot: float) -> int:
        record = self.scrapers.get(name)
        since = record.boot if record else self.started_boot
        return max(0, int(now_boot - since))


def is_stale(age_seconds: int, *, limit_seconds: float) -> bool:
    """Above the limit; the limit itself is still fresh."""
    return age_seconds > limit_seconds


def recognise(tokens: tuple[ScraperToken, ...], presented: str) -> ScraperToken | None:
    """The token presented; every one is compared, so that time tells nothing."""
    digest = sha256(presented.encode()).digest()
    found = None
    for token in tokens:
        if compare_digest(digest, sha256(token.secret.encode()).digest()):
            found = token
    return found


class Exporter:
    """The scrape state in `run_dir`; OSError when the directory cannot be used.

    `kept` is a file that outlives a restart: it is there once a scraper has come, manual ones
    aside.
    """

    def __init__(self, run_dir: Path, kept: Path) -> None:
        self._dir = run_dir
        self._kept = kept
        self._path = run_dir / "scrapes.json"
        self._lock_path = run_dir / "scrapes.lock"

    def is_set_up(self) -> bool:
        """Whether a scraper has ever come."""
        return self._kept.exists()

    def state(self) -> ScrapeState:
        """The state now."""
        with self._locked():
            return self._load()

    def note(self, attempt: Attempt) -> None:
        """Remember a refused attempt; it changes nothing else."""
        with self._locked():
            state = self._load()
            self._remember(state, attempt)
            self._save(state)

    def scrape(
        self,
        scraper: ScraperToken,
        *,
        address: str,
        render: Callable[[ScrapeState, ScrapeState], bytes],
    ) -> bytes:
        """Render under the lock with the state before and after this scrape, then keep it.

        When `render` raises, nothing was counted.
        """
        with self._locked():
            before, after = self._load(), self._load()
            record = ScrapeRecord(clock.boot_seconds(), clock.now().timestamp())
            after.scrapes += 1
            after.last = record
            after.scrapers[scraper.name] = record
            body = render(before, after)
            self._remember(after, Attempt(record.wall, address, scraper.name, 200, "scraped"))
            self._save(after)
            if not scraper.is_manual and not self._kept.exists():
                self._kept.touch(mode=0o600)
            return body

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self._dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(self._lock_path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _load(self) -> ScrapeState:
        try:
            raw: dict[str, Any] = json.loads(self._path.read_bytes())
        except FileNotFoundError:
            state = ScrapeState(clock.boot_seconds(), clock.now().timestamp())
            self._save(state)
            return state
        raw["last"] = ScrapeRecord(**raw["last"]) if raw["last"] else None
        raw["scrapers"] = {name: ScrapeRecord(**one) for name, one in raw["scrapers"].items()}
        raw["attempts"] = [Attempt(**one) for one in raw["attempts"]]
        return ScrapeState(**raw)

    def _save(self, state: ScrapeState) -> None:
        # A rename is whole or not at all, also under kill -9.
        fresh = self._path.with_suffix(".new")
        fresh.write_text(json.dumps(asdict(state)), encoding="utf-8")
        fresh.replace(self._path)

    @staticmethod
    def _remember(state: ScrapeState, attempt: Attempt) -> None:
        state.attempts = [attempt, *state.attempts][:_MOST_ATTEMPTS]
