"""The code, the API and the pages speak the field's words: what has a standard name bears it."""

import ast
import re

import pytest

from tests.contracts.sources import ROOT, modules

# A word that names nothing any more, and the standard term that took its place.
NAMES = {
    "wish": "the input, named by its noun",
    "theirs": "conflict",
    "standing": "state or phase",
    "parcel": "delivery",
    "lane": "queue",
    "closure": "circuit breaker",
    "trouble": "database error",
    "apart": "probe engine",
    "tend": "supervise",
    "tell": "deliver or notify",
    "casebook": "incidents",
    "inventory": "components",
    "desk": "broadcasts",
}
PHRASES = {
    "I am at it": "Acknowledge",
    "is at it": "Acknowledged by, or unacknowledged",
    "Leave it": "Cancel",
    "Plan it": "Schedule",
    ">Tell<": "Post update",
    ">Told<": "Sent",
    "Given up": "Failed",
    "Ways out": "Channels",
    ">Acts<": "Actions",
    "Pressing most": "Top clients",
    "The way back": "Rollback plan",
    "Comes again": "Recurring",
    "second pair of eyes": "approval",
    "want to be told": "Confirm your subscription",
    "Hear no more": "Unsubscribe",
    "you we hope": "Someone asked",
    "your mailbox": "your inbox",
    "he way out": "draining and shutting down",
    "Who presses": "top clients",
    "who presses": "top clients",
    "SECOND_PAIR_OF_EYES": "PORTAL_REQUIRE_APPROVAL",
    "PUBLISH_BY_ITSELF": "PORTAL_AUTO_PUBLISH",
}


def names(tree: ast.AST) -> set[str]:
    """Every name that a module gives or uses, in its single words."""
    found: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.arg(arg=name):
                found.add(name)
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                found.add(name)
    return {word.lower() for name in found for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+", name)}


def test_no_name_in_the_code_is_a_private_word():
    for path, tree in modules():
        for word in names(tree) & NAMES.keys():
            pytest.fail(f"{path}: {word} is called {NAMES[word]}")


@pytest.mark.parametrize(
    "pattern", ["templates/**/*", "docs/*.md", "README.md", "static/js/*.js", "portal/web/**/*.py"]
)
def test_no_page_and_no_document_says_a_private_phrase(pattern: str):
    pages = [path for path in ROOT.glob(pattern) if path.is_file()]
    assert pages
    for path in pages:
        text = path.read_text()
        for phrase, term in PHRASES.items():
            assert phrase not in text, f"{path}: {phrase!r} is {term!r}"
