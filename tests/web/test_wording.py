"""How figures and errors are put into words."""

import pytest

from portal.web import wording

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("number", "nouns", "said"),
    [
        (0, ("day",), "0 days"),
        (1, ("day",), "1 day"),
        (2, ("person", "people"), "2 people"),
        (12000, ("event",), "12\N{NARROW NO-BREAK SPACE}000 events"),
    ],
)
def test_a_number_has_its_noun(number: int, nouns: tuple[str, ...], said: str):
    assert wording.counted(number, *nouns) == said


@pytest.mark.parametrize(
    ("field", "text", "said"),
    [
        ("title", "This field must not be empty.", "Title must not be empty."),
        ("startsAt", "This field is required.", "Starts at is required."),
        ("value-next_update", "This field is required.", "Next update is required."),
        ("title", "Use 240 characters at most.", "Title: Use 240 characters at most."),
        ("topics", "Choose at least one.", "Topics: Choose at least one."),
        ("endsAt", "The end must be after the start.", "The end must be after the start."),
    ],
)
def test_an_error_away_from_its_field_names_it(field: str, text: str, said: str):
    assert wording.named(text, field) == said
