"""libmodsecurity itself: both judge alike, and say what they cannot read."""

import re

import pytest

from portal.guard.waf import WafError, loading
from tests.guard import libraries
from tests.guard.corpus import attacks
from tests.guard.libraries import ORIGINS

TEXT = (loading.RULES / "portal.conf").read_text(encoding="utf-8")


@pytest.mark.parametrize("origin", ORIGINS)
def test_a_library_says_its_version(origin: str):
    assert re.fullmatch(rf"libmodsecurity 3\.\d+\.\d+, {origin}", libraries.library(origin).name)


def test_both_judge_alike():
    one, other = (libraries.engine(origin) for origin in ORIGINS)
    for name, request in attacks():
        assert one.inspect(request) == other.inspect(request), name


@pytest.mark.parametrize("origin", ORIGINS)
def test_rules_are_given_back(origin: str):
    library = libraries.library(origin)
    for _ in range(20):
        library.rules(TEXT)
    before = libraries.allocated()
    for _ in range(60):
        library.rules(TEXT)
    assert libraries.allocated() - before < 4_000_000


@pytest.mark.parametrize("origin", ORIGINS)
def test_only_what_takes_long_gives_the_interpreter_away(origin: str):
    call = libraries.library(origin).call
    keeps = {name for name, function in call.items() if type(function)._flags_ & 0x4}
    assert set(call) - keeps == {
        "msc_rules_add",
        "msc_process_request_headers",
        "msc_process_request_body",
    }


@pytest.mark.parametrize("origin", ORIGINS)
def test_rules_that_cannot_be_read_say_why(origin: str):
    with pytest.raises(WafError, match=r"cannot be read: .*Line: 1"):
        libraries.library(origin).rules("SecRule what\n")
