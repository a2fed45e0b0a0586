"""Which translations of operators' texts may be given, and where."""

from collections.abc import Callable
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from portal.board import languages
from portal.errors import RuleError
from portal.status import translations
from portal.status.announcements import AnnouncementIn
from portal.status.incidents import IncidentEdit, IncidentIn, UpdateIn
from portal.status.series import SeriesIn
from portal.status.templates import TemplateIn
from portal.status.translations import Language
from portal.unit_of_work import By
from tests.clocks import StandingClock
from tests.sites import Site
from tests.status.givens import INPUTS, plan

ADA = By("ada")
BOTH = {"de": {"title": "Neue Bedingungen", "message": "Ab *Juli*."}, "ar": {"title": "شروط"}}
PARTS = {IncidentEdit: {"title"}, UpdateIn: {"message"}}
REFUSED: list[dict[str, Any]] = [
    {"en": {"title": "x", "message": "x"}},
    {"de-AT": {"title": "x", "message": "x"}},
    {"de": {"text": "x"}},
    {"de": "x"},
    {"de": {"title": "", "message": ""}},
    {"de": {"title": "  ", "message": "  "}},
    {"de": {"title": "x" * 241, "message": "x" * 5001}},
    {"de": {"title": "a\0b", "message": "a\0b"}},
]


@pytest.mark.unit
def test_the_languages_are_those_of_the_public_but_for_the_first():
    assert [*Language] == [name for name in languages.NAMES if name != languages.DEFAULT]


@pytest.mark.unit
@pytest.mark.parametrize("given", REFUSED, ids=str)
@pytest.mark.parametrize("model", INPUTS)
def test_what_is_no_translation_is_refused(model: type[BaseModel], given: dict[str, Any]):
    for part in PARTS.get(model, {"title", "message"}):
        only = {
            name: {key: one for key, one in said.items() if key in {part, "text"}}
            if isinstance(said, dict)
            else said
            for name, said in given.items()
        }
        with pytest.raises(ValidationError) as refused:
            model.model_validate(INPUTS[model] | {"translations": only})
        assert {one["loc"][0] for one in refused.value.errors()} == {"translations"}


@pytest.mark.unit
@pytest.mark.parametrize(
    ("model", "part"), [(IncidentEdit, "message"), (UpdateIn, "title")], ids=str
)
def test_what_has_no_such_text_has_no_translation_of_it(model: type[BaseModel], part: str):
    with pytest.raises(ValidationError, match="Extra inputs"):
        model.model_validate(INPUTS[model] | {"translations": {"de": {part: "x"}}})


@pytest.mark.unit
@pytest.mark.parametrize("model", INPUTS)
def test_each_part_may_be_left_out(model: type[BaseModel]):
    for part in PARTS.get(model, {"title", "message"}):
        given = model.model_validate(
            INPUTS[model] | {"translations": {"de": {part: " x "}, "fr": {}, "ja": {part: None}}}
        )
        assert translations.stored(given.translations) == {"de": {part: "x"}}  # type: ignore[attr-defined]


@pytest.mark.unit
def test_a_part_without_a_translation_is_told_as_it_was_written():
    assert translations.text(BOTH, "de", "message", "o") == "Ab *Juli*."
    assert translations.text(BOTH, "ar", "message", "o") == "o"
    assert translations.text(BOTH, "fr", "message", "o") == "o"
    assert translations.text(None, "de", "title", "o") == "o"


@pytest.mark.unit
def test_the_parts_of_several_rows_are_one_things():
    titles, words = {"de": {"title": "T"}}, {"de": {"message": "M"}, "fr": {"message": "M"}}
    joined = translations.joined(titles, None, words)
    assert joined == {"de": {"title": "T", "message": "M"}, "fr": {"message": "M"}}
    assert translations.only("title", joined) == titles
    assert titles == {"de": {"title": "T"}}


WRITES: dict[str, Callable[[Any, dict[str, Any]], Any]] = {
    "announcement": lambda status, texts: status.announcements.create(
        ADA, AnnouncementIn(title="T", status="active", translations=texts)
    ),
    "window": lambda status, texts: status.windows.schedule(ADA, plan(translations=texts)),
    "series": lambda status, texts: status.series.create(
        ADA, SeriesIn.model_validate(INPUTS[SeriesIn] | {"translations": texts})
    ),
    "incident": lambda status, texts: status.incidents.open(
        ADA, IncidentIn(title="T", impact="minor", message="m", translations=texts)
    ),
}


@pytest.mark.parametrize("part", ["title", "message"])
@pytest.mark.parametrize("kind", WRITES)
def test_a_place_that_is_open_in_a_translation_is_refused(
    site: Site, still: StandingClock, kind: str, part: str
):
    template = TemplateIn(name="ops", title="On {{when}}", message="m")
    site.portal.status.templates.save(ADA, template)
    with pytest.raises(RuleError) as refused:
        WRITES[kind](site.portal.status, {"ja": {part: "{{when}} に"}})
    assert refused.value.field == f"translations.ja.{part}"
    assert "{{when}}" in refused.value.text
    # Other braces are prose.
    WRITES[kind](site.portal.status, {"ja": {part: "{{x}}"}})


def test_a_draft_may_wait_for_its_places_to_be_filled(site: Site, still: StandingClock):
    acts = site.portal.status.announcements
    site.portal.status.templates.save(ADA, TemplateIn(name="ops", title="{{when}}", message="m"))
    draft = AnnouncementIn(title="T", translations={"de": {"title": "Am {{when}}"}})
    slug = acts.create(ADA, draft).slug
    with pytest.raises(RuleError, match="place"):
        acts.edit(ADA, slug, AnnouncementIn(title="T", status="active"))
