"""What libmodsecurity is asked to do, by a library that only notes it."""

import weakref
from types import SimpleNamespace
from typing import Any

import pytest

from portal.guard.waf import WafError, library
from portal.guard.waf.library import Rules

pytestmark = pytest.mark.unit
ASKED = {"address": "192.0.2.1", "method": "GET", "target": "/", "headers": [], "body": None}


class Calls(dict[str, Any]):
    """The functions of a library: each notes its name in `log`, and gives what a test says."""

    def __init__(self, **values: int | None) -> None:
        super().__init__()
        self.values_of, self.log = values, []

    def __missing__(self, name: str) -> Any:
        def function(*given: Any) -> int | None:
            self.log.append(name)
            return self.values_of.get(name, 1)

        return function


def rules(calls: Calls) -> Rules:
    return Rules(SimpleNamespace(call=calls, engine=1), "")  # type: ignore[arg-type]


def test_a_library_that_begins_no_transaction_is_asked_no_more():
    calls = Calls(msc_new_transaction=None)
    one = rules(calls)
    with pytest.raises(WafError, match="no transaction"):
        one.judge(**ASKED)
    assert calls.log[-1] == "msc_new_transaction"


def test_rules_are_freed_when_nobody_has_them_but_not_at_exit(monkeypatch: pytest.MonkeyPatch):
    """At exit a thread may still be looking with them."""
    made: list[weakref.finalize[Any, Any]] = []

    class Noted(weakref.finalize):  # type: ignore[type-arg]
        def __init__(self, *given: Any) -> None:
            super().__init__(*given)
            made.append(self)

    monkeypatch.setattr(library.weakref, "finalize", Noted)
    calls = Calls()
    one = rules(calls)
    (end,) = made
    assert (end.alive, end.atexit) == (True, False)
    del one
    assert calls.log[-1] == "msc_rules_cleanup"
