"""The JSON that requests are read with."""

import json
from typing import Any

from flask.json.provider import DefaultJSONProvider


class StrictJSON(DefaultJSONProvider):
    """JSON as the RFC has it: no NaN, no doubled key, no half characters, no bottomless depth."""

    def loads(self, s: str | bytes, **kwargs: Any) -> Any:
        def pairs(found: list[tuple[str, Any]]) -> dict[str, Any]:
            made = dict(found)
            if len(made) != len(found):
                raise ValueError("a key stands twice in one object")
            return made

        def constant(name: str) -> Any:
            raise ValueError(f"{name} is not JSON")

        try:
            text = s.decode("utf-8") if isinstance(s, bytes) else s
            value = json.loads(text, object_pairs_hook=pairs, parse_constant=constant)
            json.dumps(value, ensure_ascii=False).encode("utf-8")
        except (RecursionError, UnicodeError) as error:
            raise ValueError("the text is too deep, or not UTF-8") from error
        return value
