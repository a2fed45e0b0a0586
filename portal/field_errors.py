"""What is wrong with a field, as a sentence that says what to do.

The words of pydantic are for programmers; panel, API and command line give these instead.
"""

from typing import Any

from pydantic import ValidationError

# By kind of error, or the beginning of it.
_PLAIN = {
    "string_type": "This must be text.",
    "string_unicode": "This must be text.",
    "int_": "Write a whole number.",
    "float_": "Write a number.",
    "finite_number": "Write a number.",
    "bool_": "Use true or false.",
    "date_": "Write a date such as 2030-06-03.",
    "datetime_": "Write a time such as 2030-06-03T14:00:00Z.",
    "timezone_": "Give the time zone: end the time with Z, or with an offset such as +02:00.",
    "list_type": "This must be a list.",
    "dict_type": "This must be an object.",
    "model_": "This must be an object.",
}
# Of the field itself, whatever was sent.
_OF_FIELD = {
    "missing": "This field is required.",
    "extra_forbidden": "There is no such field.",
    "int_parsing_size": "This number is too large.",
}
# With what the field allows.
_BOUNDED = {
    "string_too_short": "Use {min_length} characters or more.",
    "string_too_long": "Use {max_length} characters at most.",
    "too_short": "Choose {min_length} or more.",
    "too_long": "Choose {max_length} at most.",
    "enum": "Use {expected}.",
    "literal_error": "Use {expected}.",
    "greater_than": "Use more than {gt}.",
    "greater_than_equal": "Use {ge} or more.",
    "less_than": "Use less than {lt}.",
    "less_than_equal": "Use {le} at most.",
}
EMPTY, NONE_CHOSEN = "This field must not be empty.", "Choose at least one."
_NO_CONTROLS = "Leave out line breaks and control characters."
PATTERNS = {
    r"^[a-z0-9]+(-[a-z0-9]+)*$": "Use lowercase letters, digits and hyphens, such as public-api.",
    r"^[a-z][a-z0-9-]*$": "Use lowercase letters, digits and hyphens, and begin with a letter.",
    r"^[\w.-]+$": "Use letters, digits, dots, hyphens and underscores.",
    r"^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,60}$": "Use up to 60 letters, digits and hyphens, as X-Token.",
    r"^[^\x00]*$": "Leave out the NUL character.",
    r"^[^\x00\r\n]*$": "Leave out line breaks.",
    r"^[^\x00-\x1f]*$": _NO_CONTROLS,
    r"^[^\x00-\x1f\x7f]*$": _NO_CONTROLS,
    r"^[^\x00-\x08\x0a-\x1f\x7f]*$": _NO_CONTROLS,
}


def found(error: ValidationError) -> list[tuple[tuple[str, ...], str]]:
    """The place of each field that is not right, and its sentence; without what was sent."""
    return [
        (tuple(str(step) for step in one["loc"]), sentence(one))
        for one in error.errors(include_url=False)
    ]


def sentence(one: Any) -> str:
    """The sentence of one of pydantic's findings; the words of our own rules as they are."""
    kind, bounds = str(one["type"]), one.get("ctx", {})
    if kind == "string_pattern_mismatch" and bounds["pattern"] in PATTERNS:
        return PATTERNS[bounds["pattern"]]
    if kind == "too_short" and bounds["min_length"] == 1:
        return NONE_CHOSEN
    if kind in _OF_FIELD:
        return _OF_FIELD[kind]
    begun = [plain for begin, plain in _PLAIN.items() if kind.startswith(begin)]
    if not begun and kind not in _BOUNDED:
        return str(one["msg"]).removeprefix("Value error, ")
    # A form sends what was left empty.
    if one["input"] is None or str(one["input"]).strip() == "":
        return EMPTY
    return begun[0] if begun else _BOUNDED[kind].format(**bounds)
