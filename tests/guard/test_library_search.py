"""Which libmodsecurity is taken: the system's first, and what stands in for it."""

import re
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import patch

import pytest

from portal.guard import waf
from portal.guard.waf import WafError, library, loading
from portal.guard.waf.library import Library
from tests.guard import libraries


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
