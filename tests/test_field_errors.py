"""What is wrong with a field is a sentence that says what to do."""

import importlib
import pkgutil
from datetime import date
from enum import StrEnum
from typing import Annotated, Any, Literal

import pytest
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
)

import portal
from portal import field_errors
from portal.schemas import Camel

pytestmark = pytest.mark.unit


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


class Inner(BaseModel):
    model_config = ConfigDict(extra="forbid")
    size: int


def refuse(_: str) -> str:
    raise ValueError("must begin with https://")


def sentences(kind: Any, given: Any) -> list[str]:
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(kind).validate_python(given)
    return [sentence for _, sentence in field_errors.found(caught.value)]


@pytest.mark.parametrize(
    ("kind", "given", "sentence"),
    [
        (Inner, {}, "This field is required."),
        (Inner, {"size": 1, "sise": 2}, "There is no such field."),
        (Inner, {"size": 1, "sise": ""}, "There is no such field."),
        (Inner, {"size": 1, "sise": None}, "There is no such field."),
        (Inner, {"size": "9" * 5000}, "This number is too large."),
        (Annotated[str, Field(max_length=9)], "\ud800", "This must be text."),
        (Inner, "x", "This must be an object."),
        (Inner, {"size": "many"}, "Write a whole number."),
        (Inner, {"size": 1.5}, "Write a whole number."),
        (Inner, {"size": ""}, "This field must not be empty."),
        (float, "many", "Write a number."),
        (Annotated[float, Field(allow_inf_nan=False)], float("inf"), "Write a number."),
        (bool, "perhaps", "Use true or false."),
        (str, 7, "This must be text."),
        (Annotated[str, Field(min_length=1)], "", "This field must not be empty."),
        (Annotated[str, Field(min_length=8)], "x", "Use 8 characters or more."),
        (Annotated[str, Field(min_length=8)], " ", "This field must not be empty."),
        (Annotated[str, Field(max_length=3)], "long", "Use 3 characters at most."),
        (Annotated[list[int], Field(min_length=1)], [], "Choose at least one."),
        (Annotated[list[int], Field(min_length=2)], [1], "Choose 2 or more."),
        (Annotated[list[int], Field(max_length=1)], [1, 2], "Choose 1 at most."),
        (list[int], "x", "This must be a list."),
        (dict[str, int], "x", "This must be an object."),
        (Colour, "green", "Use 'red' or 'blue'."),
        (Colour, "", "This field must not be empty."),
        (Literal["red", "blue"], "green", "Use 'red' or 'blue'."),
        (Literal["red"], "", "This field must not be empty."),
        (Annotated[int, Field(gt=0)], 0, "Use more than 0."),
        (Annotated[int, Field(ge=1)], 0, "Use 1 or more."),
        (Annotated[int, Field(lt=5)], 5, "Use less than 5."),
        (Annotated[int, Field(le=5)], 6, "Use 5 at most."),
        (date, "soon", "Write a date such as 2030-06-03."),
        (date, "", "This field must not be empty."),
        (date, None, "This field must not be empty."),
        (AwareDatetime, "soon", "Write a time such as 2030-06-03T14:00:00Z."),
        (AwareDatetime, "", "This field must not be empty."),
        (Annotated[str, AfterValidator(refuse)], "x", "must begin with https://"),
        (Annotated[str, Field(pattern=r"^[^\x00]*$")], "\x00", "Leave out the NUL character."),
    ],
)
def test_what_is_wrong_is_said_in_plain_words(kind: Any, given: Any, sentence: str):
    assert sentences(kind, given) == [sentence]


def test_a_time_without_an_offset_is_told_what_it_lacks():
    (said,) = sentences(AwareDatetime, "2030-06-03T14:00:00")
    assert said.startswith("Give the time zone: end the time with Z")


def test_each_place_is_named_and_nothing_that_was_sent():
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(dict[str, list[Inner]]).validate_python({"all": [{"size": "s3cret"}]})
    assert field_errors.found(caught.value) == [(("all", "0", "size"), "Write a whole number.")]


def patterns(schema: Any) -> set[str]:
    if isinstance(schema, list):
        return set().union(*map(patterns, schema)) if schema else set()
    if not isinstance(schema, dict):
        return set()
    own = {schema["pattern"]} if isinstance(schema.get("pattern"), str) else set()
    own |= set(schema.get("patternProperties", ()))
    return own.union(*map(patterns, schema.values()))


def inputs(kind: type[Camel]) -> set[type[Camel]]:
    return {kind}.union(*(inputs(one) for one in kind.__subclasses__()))


def test_every_form_that_a_text_must_have_is_told_in_words():
    for module in pkgutil.walk_packages(portal.__path__, "portal."):
        if "migrations" not in module.name and "__main__" not in module.name:
            importlib.import_module(module.name)
    asked = {one for kind in inputs(Camel) for one in patterns(kind.model_json_schema())}
    assert len(asked) > 5
    assert asked - field_errors.PATTERNS.keys() == set()
    assert field_errors.PATTERNS.keys() - asked == set()
