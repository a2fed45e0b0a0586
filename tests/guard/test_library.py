"""libmodsecurity itself: which one is taken, what it may cost, and that both judge alike."""

import re
import resource
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import patch

import pytest

from portal.guard import waf
from portal.guard.waf import WafError, library, loading
from portal.guard.waf.library import Library
from tests.guard import libraries
from tests.guard.libraries import ORIGINS
from tests.guard.requests import asked
from tests.guard.test_waf import attacks

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
def test_a_library_says_its_version(origin: str):
    assert re.fullmatch(rf"libmodsecurity 3\.\d+\.\d+, {origin}", libraries.library(origin).name)


def test_both_judge_alike():
    one, other = (libraries.engine(origin) for origin in ORIGINS)
    for name, request in attacks():
        assert one.inspect(request) == other.inspect(request), name


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
    return "".join(f"%{one:02x}" if one < 128 else chr(one) for one in text.encode())


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
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    before = press(2_000)
    # A transaction that is not given back takes some 20 kB, the log of one some 500 bytes.
    assert press(8_000) - before < 2_000


@pytest.mark.parametrize("origin", ORIGINS)
def test_rules_are_given_back(origin: str):
    library = libraries.library(origin)
    for _ in range(20):
        library.rules(TEXT)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(60):
        library.rules(TEXT)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 4_000


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


def found_at(*places: tuple[str, str]) -> waf.Engine:
    with patch.object(loading, "places", lambda: iter(places)):
        return waf.load("modsecurity")


def test_the_systems_library_comes_first():
    origins = [origin for _, origin in loading.places()]
    assert origins[0] == "the system's"
    assert set(origins[1:]) <= {"the wheel's"}


@pytest.mark.parametrize(
    ("platform", "installed", "first"),
    [
        ("linux", "/x/libmodsecurity.dylib", "libmodsecurity.so.3"),
        ("darwin", "/x/libmodsecurity.dylib", "/x/libmodsecurity.dylib"),
        ("darwin", None, "libmodsecurity.3.dylib"),
    ],
)
def test_where_the_systems_library_is(
    monkeypatch: pytest.MonkeyPatch, platform: str, installed: str | None, first: str
):
    monkeypatch.setattr(loading.sys, "platform", platform)
    monkeypatch.setattr(loading, "find_library", lambda name: installed)
    assert next(loading.places()) == (first, "the system's")


@pytest.mark.parametrize("has_origin", [None, False, True])
def test_where_the_wheels_library_is(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, has_origin: bool | None
):
    found = tmp_path / "libmodsecurity.libs" / "libmodsecurity-1234.so.3.0.12"
    found.parent.mkdir()
    found.touch()
    origin = str(tmp_path / "libmodsecurity" / "__init__.py") if has_origin else None
    spec = None if has_origin is None else SimpleNamespace(origin=origin)
    monkeypatch.setattr(loading, "find_spec", lambda name: spec)
    assert list(loading.places())[1:] == ([(str(found), "the wheel's")] if has_origin else [])


class Function:
    """A function of a library that gives what a test says."""

    def __init__(self, value: object) -> None:
        self.value = value

    def __call__(self, *_: object) -> object:
        return self.value


class File:
    """A library whose functions can be set up, as `ctypes` opens it."""

    _handle = 0

    def __init__(self, engine: int | None, version: bytes) -> None:
        self.known = {"msc_init": engine, "msc_who_am_i": version}

    def __getitem__(self, name: str) -> Function:
        return Function(self.known.get(name, 0))


def opened(monkeypatch: pytest.MonkeyPatch, file: File) -> Library:
    for kind in ("CDLL", "PyDLL"):
        monkeypatch.setattr(library.ctypes, kind, lambda name, **_: file)
    return Library("x.so", "the system's")


@pytest.mark.parametrize(
    ("version", "name"),
    [
        (b"ModSecurity v3.0.12 (Linux)", "libmodsecurity 3.0.12, the system's"),
        (b"ModSecurity", "libmodsecurity of unknown version, the system's"),
    ],
)
def test_a_library_is_called_by_its_version(
    monkeypatch: pytest.MonkeyPatch, version: bytes, name: str
):
    assert opened(monkeypatch, File(1, version)).name == name


def test_a_library_that_does_not_start_is_passed_over(monkeypatch: pytest.MonkeyPatch):
    with pytest.raises(WafError, match="does not start"):
        opened(monkeypatch, File(None, b"ModSecurity v3.0.12"))


def test_the_wheels_library_stands_in_and_says_why(tmp_path: Path):
    place = libraries.place("the wheel's"), "the wheel's"
    name = libraries.library("the wheel's").name
    broken = tmp_path / "libmodsecurity.so.3"
    broken.write_bytes(b"no library")
    for file, why in (
        ("libnowhere.so.3", "the system's libmodsecurity is not there"),
        ("libc.so.6", "the system's libmodsecurity cannot be used: .*msc_init"),
        (str(broken), "the system's libmodsecurity cannot be used: .*"),
    ):
        made = found_at((file, "the system's"), place)
        assert re.fullmatch(re.escape(name) + rf" \({why}\)", made.library), made.library


def test_a_library_whose_rules_do_not_prove_themselves_is_passed_over(
    monkeypatch: pytest.MonkeyPatch,
):
    place, good = (libraries.place("the wheel's"), "the wheel's"), libraries.library("the wheel's")

    class Old(Library):
        def __init__(self) -> None:
            self.name = "libmodsecurity 3.0.0, the system's"

        def rules(self, text: str):
            return good.rules("SecRuleEngine Off\n")

    opened = loading._opened
    monkeypatch.setattr(
        loading, "_opened", lambda file, origin: Old() if file == "old" else opened(file, origin)
    )
    made = found_at(("old", "the system's"), place)
    assert "(libmodsecurity 3.0.0, the system's: WAF rule 1000" in made.library
    with pytest.raises(WafError, match="rule 1000"):
        found_at(("old", "the system's"))
