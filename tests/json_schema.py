"""JSON Schema, by a library that takes longer to load than most tests to run.

It builds grammars for formats that nothing here uses; so it is loaded with the first look.
"""

from typing import Any


def fault(body: Any, schema: dict[str, Any]) -> str | None:
    """What is wrong with `body` by a schema of 2020-12; None where it is as the schema says."""
    from jsonschema import Draft202012Validator, ValidationError

    Draft202012Validator.check_schema(schema)
    try:
        Draft202012Validator(schema).validate(body)
    except ValidationError as error:
        return str(error)
    return None
