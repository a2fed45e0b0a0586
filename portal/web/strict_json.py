"""The JSON that requests are read with."""

import json
from typing import Any

from flask import has_request_context, request
from flask.json.provider import DefaultJSONProvider

from portal.web.problems import Problem

# Here machines send what they cannot correct: what can be read is taken.
LENIENT = frozenset({"alerts_api.receive", "workers_api.report"})
# As many as a form has fields.
MOST_KEYS = 255


class StrictJSON(DefaultJSONProvider):
    """JSON as the RFC has it: no NaN, no doubled key, no half characters, no bottomless depth.

    Problem, 400, for an object of more than `MOST_KEYS` keys.
    """

    def loads(self, s: str | bytes, **kwargs: Any) -> Any:
        is_lenient = has_request_context() and request.endpoint in LENIENT
        try:
            return _lenient(s) if is_lenient else _strict(s)
        except (RecursionError, UnicodeError) as error:
            raise ValueError("the text is nested too deeply or is not UTF-8") from error


def refuse_other_bodies() -> None:
    """Before a view of the API: what is not said to be JSON is not read as such."""
    if not request.path.startswith("/api/") or request.endpoint in LENIENT:
        return
    if request.get_data() and not request.is_json:
        raise Problem(415, "Send JSON, with Content-Type: application/json.")


def _strict(s: str | bytes) -> Any:
    def pairs(found: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(found) > MOST_KEYS:
            # Each unknown key would be named in the answer: 60 000 of them took 1.5 s.
            raise Problem(400, f"A JSON object has {MOST_KEYS} keys at most.")
        made = dict(found)
        if len(made) != len(found):
            raise ValueError("an object has the same key twice")
        return made

    def constant(name: str) -> Any:
        raise ValueError(f"{name} is not JSON")

    text = s.decode("utf-8") if isinstance(s, bytes) else s
    value = json.loads(text, object_pairs_hook=pairs, parse_constant=constant)
    json.dumps(value, ensure_ascii=False).encode("utf-8")
    return value


def _lenient(s: str | bytes) -> Any:
    """The last of doubled keys, null for NaN, and a mark for each half character."""
    text = s.decode("utf-8", "replace") if isinstance(s, bytes) else s
    value = json.loads(text, parse_constant=lambda name: None)
    whole = json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")
    return json.loads(whole)
