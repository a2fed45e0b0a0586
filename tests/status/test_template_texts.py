"""Templates of messages name their fields, and are filled in whole."""

import pytest

from portal.errors import RuleError
from portal.status import templates
from portal.status.templates import MessageTemplate, TemplateIn
from tests.instants import NOW


def template(title: str = "On {{when}}", message: str = "{{ what }}, {{when}}") -> MessageTemplate:
    return MessageTemplate(name="ops", title=title, message=message, updated_at=NOW, version=1)


@pytest.mark.unit
def test_a_template_names_its_fields_once_in_their_order():
    assert templates.fields_of(template()) == ["when", "what"]
    assert templates.out(template()).fields == ["when", "what"]


@pytest.mark.unit
@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"when": "Monday"}, "Missing: what."),
        ({"when": "Monday", "what": "  "}, "Missing: what."),
        ({}, "Missing: when, what."),
        ({"when": "Monday", "what": "x", "who": "b", "how": "a"}, "has no field how, who."),
        ({"when": "Monday", "what": "x"}, None),
    ],
)
def test_a_template_is_filled_in_whole(values, text):
    if text is None:
        found = templates.render(template(), values)
        assert (found.title, found.message) == ("On Monday", "x, Monday")
        return
    with pytest.raises(RuleError, match=text):
        templates.render(template(), values)


@pytest.mark.unit
def test_what_is_filled_in_is_cut_to_its_column():
    found = templates.render(template(), {"when": "a" * 300, "what": "b" * 6000})
    assert (len(found.title), len(found.message)) == (240, 5000)


@pytest.mark.unit
@pytest.mark.parametrize(
    ("message", "is_taken"),
    [
        ("{{what}}", True),
        ("none", True),
        ("{{What}}", False),
        ("{{", False),
        ("}}", False),
        ("{one}", True),
    ],
)
def test_braces_are_those_of_a_field(message, is_taken):
    given = TemplateIn(name="ops", title="T", message=message)
    if is_taken:
        templates.check(given)
    else:
        with pytest.raises(RuleError) as caught:
            templates.check(given)
        assert caught.value.field == "message"
