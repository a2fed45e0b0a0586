"""A plugin of pytest that runs the tests once, and then tries each change in a fork of its own.

A test that fails when it runs again, without any change, would notice everything: so the tests run
once more in a fork as they are, and nothing is tried until all of them pass there.
"""

import functools
import gc
import os
import select
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from inspect import CO_OPTIMIZED
from itertools import accumulate
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

import coverage
import pytest

from mutants.changes import Change

# A test that takes so much longer than before, when coverage slowed it down, will not end.
_PATIENCE = 2.0
_LEAST_SECONDS = 3.0
# Of the tests that ran a statement the quickest are tried, up to so many seconds in all.
_MOST_SECONDS = 60.0
_COMPREHENSIONS = {"<genexpr>", "<listcomp>", "<setcomp>", "<dictcomp>"}
_MADE, _PASSED, _FAILED = b"M", b".", b"F"


class Verdict(StrEnum):
    NOTICED = "noticed"
    UNNOTICED = "not noticed"


@dataclass(eq=False)  # pytest keeps plugins in sets
class Trials:
    """Tries `changes` of the tree at `root`; `tests_of` names the folder of a file's own tests."""

    root: Path
    changes: list[Change]
    tests_of: Callable[[str], str]
    tell: Callable[[str], None]
    verdicts: dict[Change, Verdict] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)
    _seconds: dict[str, float] = field(default_factory=dict)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.failures.append(report.nodeid)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        if session.testsfailed:
            self.failures.append("the collection")
            return True
        begun = time.monotonic()
        lines = self._run_unchanged(session.items, _live(self.root)[1])
        self.tell(f"{len(session.items)} tests unchanged: {time.monotonic() - begun:.0f} s")
        if self.failures:
            return True
        live, caches = _live(self.root)
        if not live:
            self.failures.append("no function of the portal was found")
            return True
        gc.freeze()
        folder: Path = session.config._tmp_path_factory.getbasetemp()  # type: ignore[attr-defined]
        kept = set(folder.iterdir())
        own = {change: self._own(change, session.items, lines) for change in self.changes}
        names = {item.nodeid for items in own.values() for item in items}
        tried = [item for item in session.items if item.nodeid in names]
        self.failures += [
            f"{item.nodeid} (when it runs again)" for item in self._again(tried, caches)
        ]
        if self.failures:
            return True
        self.tell(f"{len(tried)} tests again, unchanged: {time.monotonic() - begun:.0f} s")
        for number, change in enumerate(self.changes, start=1):
            self.verdicts[change] = self._try(change, own[change], live, caches)
            if number % 50 == 0:
                self.tell(f"{number} of {len(self.changes)}: {time.monotonic() - begun:.0f} s")
            for left in set(folder.iterdir()) - kept:
                shutil.rmtree(left, ignore_errors=True)
        return True

    def _run_unchanged(
        self, items: list[pytest.Item], caches: list[Any]
    ) -> dict[str, dict[int, list[str]]]:
        """Which tests ran which lines of which file; what lives for the session is kept up.

        What is cached is made anew for each test, or only the first would have run its lines.
        """
        measured = coverage.Coverage(
            data_file=None, source=[str(self.root / "portal")], config_file=False, messages=False
        )
        measured.start()
        for item in items:
            _clear(caches)
            measured.switch_context(item.nodeid)
            begun = time.perf_counter()
            _run(item)
            self._seconds[item.nodeid] = time.perf_counter() - begun
        measured.stop()
        data = measured.get_data()
        return {
            file: data.contexts_by_lineno(str(self.root / file))
            for file in {change.file for change in self.changes}
        }

    def _own(
        self, change: Change, items: list[pytest.Item], lines: dict[str, dict[int, list[str]]]
    ) -> list[pytest.Item]:
        """The quickest of the room's own tests that ran the changed statement.

        What runs on both databases is tried on SQLite alone, the quicker one.
        """
        names = set().union(*(lines[change.file].get(line, ()) for line in change.lines))
        room = self.tests_of(change.file)
        both = [item for item in items if item.nodeid in names and item.nodeid.startswith(room)]
        own = [item for item in both if not (_is_second_database(item) and _twin(item) in names)]
        own.sort(key=lambda item: self._seconds[item.nodeid])
        sums = accumulate(self._seconds[item.nodeid] for item in own)
        return [item for item, seconds in zip(own, sums, strict=True) if seconds <= _MOST_SECONDS]

    def _again(self, items: list[pytest.Item], caches: list[Any]) -> list[pytest.Item]:
        """Those that fail, or do not end, when they run a second time without a change."""
        left, failing = items, []
        while left:
            with self._fork(left, lambda: _clear(caches)) as reading:
                os.read(reading, 1)
                results = list(self._results(reading, left))
            failing += [item for item, passed in zip(left, results, strict=False) if not passed]
            # After one that does not end, the next ones go on in a fork of their own.
            left = left[len(results) :]
        return failing

    def _try(
        self,
        change: Change,
        own: list[pytest.Item],
        live: dict[CodeType, list[FunctionType]],
        caches: list[Any],
    ) -> Verdict:
        if not own:
            return Verdict.UNNOTICED
        with self._fork(own, lambda: _make(change, self.root, live, caches)) as reading:
            if os.read(reading, 1) != _MADE:
                self.tell(f"No function that lives runs {change.place}.")
                return Verdict.UNNOTICED
            return Verdict.UNNOTICED if all(self._results(reading, own)) else Verdict.NOTICED

    @contextmanager
    def _fork(self, items: list[pytest.Item], change: Callable[[], None]) -> Iterator[int]:
        """What a fork says that runs `items` after `change`: that it was made, then each result."""
        reading, writing = os.pipe()
        pid = os.fork()
        if pid == 0:
            try:
                os.setsid()
                manager = items[0].config.pluginmanager
                manager.unregister(manager.getplugin("terminalreporter"))
                change()
                os.write(writing, _MADE)
                for item in items:
                    self.failures.clear()
                    _run(item)
                    os.write(writing, _FAILED if self.failures else _PASSED)
            finally:
                # Whatever got out is a failure: nothing was written.
                os._exit(0)
        os.close(writing)
        try:
            yield reading
        finally:
            os.close(reading)
            with suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)
            os.waitpid(pid, 0)

    def _results(self, reading: int, items: list[pytest.Item]) -> Iterator[bool]:
        """Whether each passed, in time; up to the first that did not end."""
        for item in items:
            limit = max(_LEAST_SECONDS, _PATIENCE * self._seconds[item.nodeid])
            ready, _, _ = select.select([reading], [], [], limit)
            said = os.read(reading, 1) if ready else b""
            yield said == _PASSED
            if not said:
                return


def _is_second_database(item: pytest.Item) -> bool:
    parameters = getattr(getattr(item, "callspec", None), "params", {})
    return bool(parameters.get("either") == "postgresql")


def _twin(item: pytest.Item) -> str:
    """The same test on SQLite."""
    return item.nodeid.replace("postgresql", "sqlite")


def _run(item: pytest.Item) -> None:
    """The session is named as what comes next, so that servers for all tests stay up."""
    item.config.hook.pytest_runtest_protocol(item=item, nextitem=item.session)


def is_of_function(change: Change, root: Path) -> bool:
    """Whether the change is in what a function does, and not in what an import does."""
    before = _code(root, change.file)
    after = compile(change.source, before.co_filename, "exec", dont_inherit=True)
    # Of a loop that is always true anyway nothing differs.
    differing = [old for old, new in _pairs(before, after) if _own(old, new)]
    at_import = list(_at_import(before))
    return bool(differing) and not any(old is one for old in differing for one in at_import)


def _at_import(code: CodeType) -> Iterator[CodeType]:
    """What an import runs: the module, its classes, and the comprehensions in them."""
    yield code
    for one in code.co_consts:
        if isinstance(one, CodeType):
            if one.co_name in _COMPREHENSIONS or not one.co_flags & CO_OPTIMIZED:
                yield from _at_import(one)


def _live(root: Path) -> tuple[dict[CodeType, list[FunctionType]], list[Any]]:
    """The functions of the portal by their code, and its caches.

    `gc` does not list what is frozen, and the tests freeze what they loaded.
    """
    gc.unfreeze()
    functions: dict[CodeType, list[FunctionType]] = {}
    caches = []
    for found in gc.get_objects():
        if type(found) is FunctionType:
            if found.__code__.co_filename.startswith(f"{root}/portal/"):
                functions.setdefault(found.__code__, []).append(found)
        elif type(found) is functools._lru_cache_wrapper:
            if found.__module__.startswith("portal."):
                caches.append(found)
    return functions, caches


def _make(
    change: Change, root: Path, live: dict[CodeType, list[FunctionType]], caches: list[Any]
) -> None:
    """Give the functions that are there already the changed code."""
    before = _code(root, change.file)
    after = compile(change.source, before.co_filename, "exec", dont_inherit=True)
    made = 0
    for old, new in _pairs(before, after):
        if old != new:
            for function in live.get(old, ()):
                if function.__code__.co_filename == old.co_filename:
                    function.__code__ = new
                    made += 1
    if not made:
        raise LookupError(f"no function runs {change.place}")
    _clear(caches)


def _clear(caches: list[Any]) -> None:
    for cache in caches:
        cache.cache_clear()


@functools.cache
def _code(root: Path, file: str) -> CodeType:
    path = root / file
    return compile(path.read_text(encoding="utf-8"), str(path), "exec", dont_inherit=True)


def _pairs(before: CodeType, after: CodeType) -> Iterator[tuple[CodeType, CodeType]]:
    """The codes of both, side by side: modules, classes, functions and what is in them."""
    yield before, after
    olds = [one for one in before.co_consts if isinstance(one, CodeType)]
    news = [one for one in after.co_consts if isinstance(one, CodeType)]
    for old, new in zip(olds, news, strict=True):
        yield from _pairs(old, new)


def _own(old: CodeType, new: CodeType) -> bool:
    """Whether the code itself differs, apart from codes in it."""

    def plain(code: CodeType) -> tuple[Any, ...]:
        values = [one for one in code.co_consts if not isinstance(one, CodeType)]
        return code.co_code, repr(values), code.co_names

    return plain(old) != plain(new)
