"""A picture in a reader's language is one whose texts were written in it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.board import languages
from portal.board.banners import Banner
from portal.board.days import Entry
from portal.board.incidents import IncidentView, UpdateView
from portal.board.picture import Picture
from portal.status import prose, translations
from portal.status.terms import Status
from portal.status.translations import Language, Texts
from tests.board.pictures import banner, event, part, picture
from tests.instants import HOUR, NOW

WORDS = st.text("aé*ع日<& ", min_size=1, max_size=12).map(str.strip).filter(bool)
TEXTS = st.dictionaries(
    st.sampled_from([one.value for one in Language]),
    st.dictionaries(st.sampled_from(["title", "message"]), WORDS, min_size=1),
)


def said(language: str, title: str, message: str, texts: Texts) -> dict[str, str]:
    """The texts of a banner that were written in a language."""
    message = translations.text(texts, language, "message", message)
    return {
        "title": translations.text(texts, language, "title", title),
        "message": message,
        "message_html": prose.to_html(message),
    }


def pictured(language: str, seed: list[tuple[str, str, Texts]]) -> Picture:
    """A picture with one of each for each of the texts, as if written in a language."""
    banners: list[Banner] = []
    events: list[IncidentView] = []
    entries: list[Entry] = []
    for number, (title, message, texts) in enumerate(seed):
        written = said(language, title, message, texts)
        banners.append(banner(f"m-{number}", translations=texts, **written))
        told = {"translations": texts, "title": written["title"]}
        line = UpdateView(
            at=NOW,
            status="identified",
            translations=translations.only("message", texts),
            message=written["message"],
            message_html=written["message_html"],
        )
        told["translations"] = translations.only("title", texts)
        events.append(event(f"INC-{number}", updates=[line], **told))
        entries.append(
            Entry(label=f"INC-{number}", state="major_outage", began_at=NOW, ended_at=None, **told)
        )
    parts = (part("api", entries=entries),)
    return picture(*banners, incidents=tuple(events), components=parts)


@pytest.mark.unit
@given(st.lists(st.tuples(WORDS, WORDS, TEXTS), max_size=4), st.sampled_from(list(languages.NAMES)))
def test_it_is_one_whose_texts_were_written_in_that_language(
    seed: list[tuple[str, str, Texts]], language: str
):
    original = pictured(languages.DEFAULT, seed)
    assert original.spoken(language) == pictured(language, seed)
    # Where nothing is said in it, everything is the very same.
    if not any(language in texts for _, _, texts in seed):
        assert original.spoken(language) is original
    for one, told in zip(original.banners, original.spoken(language).banners, strict=True):
        assert (told is one) is (language not in one.translations)
        assert told is one.spoken(language)
        assert told.spoken(language) == told


@pytest.mark.unit
def test_what_changes_takes_no_old_words_with_it():
    one = banner(translations={"de": {"title": "Alt"}}, ends_at=NOW + HOUR)
    assert one.spoken("de").title == "Alt"
    over = one.at(NOW + 2 * HOUR)
    assert over.spoken("de").status is Status.RESOLVED
    other = one.model_copy(update={"translations": {"de": {"title": "Neu"}}})
    assert other.spoken("de").title == "Neu"
    assert one == banner(translations={"de": {"title": "Alt"}}, ends_at=NOW + HOUR)
