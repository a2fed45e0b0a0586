"""Everything that the public is told is marked, and is there in every language."""

import re

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po
from jinja2 import Environment, nodes

from docs import translations
from portal.board import languages
from portal.status.prose import COLON
from portal.web import catalogues

OTHERS = [name for name in languages.NAMES if name != languages.DEFAULT]
_ATTRIBUTE = re.compile(r"""(?<!\w)[\w-]+=("[^"]*"|'[^']*')""")
_TAG = re.compile(r"<[^>]*>", re.DOTALL)
_NAMED = re.compile(r'\b(?:aria-label|alt|title|placeholder|data-own|data-words)="([^"{]*)"')
# The same in every language: names, and what stands for a choice in a list.
NAMES = {"API", "Atom", "RSS", "JSON", "UTC", "incidents", "maintenance", "nbsp", "middot"}


def catalogue(language: str) -> Catalog:
    with (catalogues.FOLDER / f"{language}.po").open("rb") as file:
        return read_po(file, locale=language)


def test_no_text_of_the_public_is_unmarked():
    for path in translations.templates():
        tree = Environment(autoescape=True, extensions=["jinja2.ext.i18n"]).parse(path.read_text())
        # Where something is put in, the text goes on.
        source = "".join(
            part.data if isinstance(part, nodes.TemplateData) else "\u2026"
            for part in tree.find_all((nodes.TemplateData, nodes.Call, nodes.Name))
        )
        told = re.sub(r"(?<=\u2026)/\w+/", " ", source)
        if path.suffix == ".html":
            told = _TAG.sub(" ", _ATTRIBUTE.sub(" ", source))
        told += " ".join(_NAMED.findall(source))
        spoken = [one for call in tree.find_all(nodes.Call) for one in call.args]
        alone = [one for one in tree.find_all(nodes.Const) if one.value == COLON]
        is_marked = all(any(one is other for other in spoken) for one in alone)
        assert is_marked, f"{path.name}: {COLON!r} without _()"
        assert not re.search(r"\u2026\s*:\s|:\s*\u2026", told), f"{path.name}: a colon"
        words = set(re.findall(r"[A-Za-z]{2,}", re.sub(r"&\w+;", " ", told))) - NAMES
        assert not words, f"{path.name}: {sorted(words)}"


@pytest.mark.parametrize("language", OTHERS)
def test_a_catalogue_has_every_text_and_no_other(language: str):
    told = {one if isinstance(one, str) else one[0] for one in translations.messages_told()}
    known = {
        one.id if isinstance(one.id, str) else one.id[0] for one in catalogue(language) if one.id
    }
    assert told == known, "make translations brings the catalogues up to date"


@pytest.mark.parametrize("language", OTHERS)
def test_every_text_is_translated_with_its_places_and_all_its_plurals(language: str):
    found = catalogue(language)
    for message in found:
        if not message.id:
            continue
        assert not message.fuzzy, message.id
        one = message.id if isinstance(message.id, str) else message.id[1]
        texts = message.string if isinstance(message.string, tuple) else (message.string,)
        if isinstance(message.id, tuple):
            assert len(texts) == found.num_plurals, message.id
        for text in texts:
            assert text, message.id
            wanted, has = (set(re.findall(r"%\(\w+\)[sd]|\{\w*\}", part)) for part in (one, text))
            # A plural of one or two may say its number in a word.
            assert has == wanted or (isinstance(message.id, tuple) and has < wanted), text
            assert "%" not in re.sub(r"%\(\w+\)[sd]", "", text), text
