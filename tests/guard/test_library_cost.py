"""What libmodsecurity may cost: no padding hides anything, no pattern tries again and again."""

import re
from collections.abc import Iterator

import pytest

from portal.guard.waf import loading
from tests.guard import libraries
from tests.guard.libraries import ORIGINS
from tests.guard.requests import asked

TEXT = (loading.RULES / "portal.conf").read_text(encoding="utf-8")
# What an attacker repeats so that a pattern tries much, and finds nothing.
PADS = (
    *"aA0{}$#<>()[]/\\.%;|&`'\"@:=-+_*! \n\t,",
    *("{{", "{{a", "{%", "${", "#{", "<%", "$(", "$(a", "< ", "</", "..", "../", "//", "://"),
    *("' or ", "'or'", "' or a", "') and (", "select ", "union ", "union all ", "union(", "/*"),
    *("order by 1", "order by 11111", "waitfor ", "; ", ";c", "\n ", "`a", "() ", "() { "),
    *("constructor ", "on", "onpointera", "onanimation ", "document ", "alert ", "javascript "),
    *("cmd ", "&lt;", "data ", "%25", "%2525", "${ ", "x.", "@a", "a@", "[::", "a:", "\nab"),
)
# Each is refused wherever it stands in a value.
HIDDEN = (
    *("{{7*7}}", "{%x%}", "${7*7}", "#{7*7}", "<%x%>", "a.__class__", "$(host)", ";id", "`id`"),
    *("' or 1=1", " union select 1", "; drop table x", " waitfor delay 1", "' or 'a'='a"),
    *("<script>", "javascript:x", " onerror=x", "document.cookie", "/../x", "/etc/passwd"),
    *("${jndi:x", "\nHost: x", " order by 1--", "<  script"),
)


@pytest.mark.parametrize("origin", ORIGINS)
def test_padding_hides_nothing(origin: str):
    engine = libraries.engine(origin)
    missed = [
        (pad, attack)
        for pad in PADS
        for attack in HIDDEN
        if engine.inspect(asked(query=f"q={quoted(pad * (1500 // len(pad)) + attack)}")) is None
    ]
    assert not missed


def quoted(text: str) -> str:
    return "%" + text.encode().hex("%")


def patterns() -> Iterator[tuple[str, str]]:
    """Number and text of each rule with a pattern that looks at a query."""
    for one in re.findall(r"^SecRule ARGS.*?msg:.*?$", TEXT, re.MULTILINE | re.DOTALL):
        yield re.findall(r"id:(\d+)", one)[0], one


@pytest.mark.parametrize("number", [number for number, _ in patterns()])
def test_no_pattern_tries_again_and_again(number: str):
    """Steps of the pattern engine from one place of a text; the wheel's counts them without JIT.

    They do not grow with the text, save for patterns that are tried at the begin of a line alone.
    """
    rule = dict(patterns())[number]
    most = 100_000 if re.search(r"@rx (?:\(\?i\))?(?:\\A|\^)", rule) else 1_000
    rules = libraries.library("the wheel's").rules(
        f"SecRuleEngine On\nSecPcreMatchLimit {most}\nSecPcreMatchLimitRecursion {most}\n{rule}\n"
        'SecRule TX:MSC_PCRE_LIMITS_EXCEEDED "@eq 1" "id:1,phase:1,deny,status:500"\n'
    )
    for pad in PADS:
        for begin in ("", "<", "'", "' or", "{{a", "${a", "$(a", "<%a", "//", "select ", "union "):
            target = f"/?next={quoted(begin + (pad * 4096)[:4000])}"
            found = rules.judge(
                address="192.0.2.1", method="GET", target=target, headers=(), body=None
            )
            assert found is None or found.status != 500, (begin, pad)


def test_steps_are_counted():
    """A pattern that tries again and again is found, or the test above proves nothing."""
    rules = libraries.library("the wheel's").rules(
        "SecRuleEngine On\nSecPcreMatchLimit 1000\nSecPcreMatchLimitRecursion 1000\n"
        'SecRule ARGS_GET "@rx <\\s*/?\\s*[xy]" "id:2,phase:1,deny,status:403"\n'
        'SecRule TX:MSC_PCRE_LIMITS_EXCEEDED "@eq 1" "id:1,phase:1,deny,status:500"\n'
    )
    target = f"/?q={quoted('<' + ' ' * 4000)}"
    found = rules.judge(address="192.0.2.1", method="GET", target=target, headers=(), body=None)
    assert found is not None
    assert found.status == 500


@pytest.mark.parametrize("origin", ORIGINS)
def test_memory_does_not_grow_with_requests(origin: str):
    engine = libraries.engine(origin)
    engine.inspect(asked(query=f"q={'word+' * 800}"))

    def press(rounds: int) -> int:
        for number in range(rounds):
            assert engine.inspect(asked(query=f"limit={number}")) is None
            assert engine.inspect(asked(query=f"id={number}{{{{7}}}}")) is not None
        return libraries.allocated()

    before = press(libraries.ROUNDS // 4)
    # A transaction that is not given back takes some 20 kB, the log of one some 500 bytes.
    assert press(libraries.ROUNDS) - before < libraries.ROUNDS * 250
