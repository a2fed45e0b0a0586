"""The OpenAPI document: what every operation of the admin API has in common."""

from typing import Any

from portal.web.api.examples import EXAMPLES

PREFIX = "/api/admin/"
# Open to everyone: the schema that others check exported snapshots with.
_PUBLIC = {"/api/admin/runtime/snapshot/schema"}
_ERRORS = {
    400: "The request is malformed",
    401: "The token is missing or unknown",
    403: "The token lacks the scope",
    404: "Nothing has that reference",
    409: "Another request changed this at the same time",
    412: "Someone else changed this; `current` is the current state",
    413: "The body is too large",
    415: "The body is not JSON",
    422: "A field is invalid",
    429: "Too many requests",
    503: "The database does not answer",
    507: "The database has no space left",
}
_PROBLEM = {
    "type": "object",
    "title": "Problem",
    "description": "What is wrong, and what to do: RFC 9457.",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference", "example": "about:blank"},
        "title": {"type": "string", "example": "Unprocessable Entity"},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": {"type": "string", "description": "A sentence for whoever reads it."},
        "errors": {
            "type": "object",
            "description": "Of wrong fields: sentences by the field's name.",
            "additionalProperties": {"type": "array", "items": {"type": "string"}},
        },
        "current": {"type": "object", "description": "With 409 and 412: what is stored now."},
        "reference": {
            "type": "string",
            "description": "What to quote when a request was refused by mistake.",
        },
    },
}
_AS_PROBLEM = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
# Of the framework, for errors that this API answers as problems.
_REPLACED = ("HTTPError", "ValidationError")
_METHODS = {"get", "post", "put", "patch", "delete"}


_TOKEN = {
    "type": "http",
    "scheme": "bearer",
    "description": "A token of `portal token create`, with the scopes of what it is for.",
}
_ABOUT = """Status, maintenance, incidents and operations of this portal.

- Public reads need no token. Everything below `/api/admin/` needs one, as `Authorization: Bearer`;
  press **Authorize** to try it here. It stays in this page.
- A write can name the version that it is for: `If-Match` with an earlier answer's `ETag`. A write
  with an `Idempotency-Key` happens once, however often it is sent.
- Fields and parameters that are not described here are refused.
- Errors are `application/problem+json`, of the schema **Problem**:

| status | when |
| --- | --- |
"""
_GROUPS = {
    "Public": "What everyone may read; ready-made, with `ETag`.",
    "Runtime": "The runtime as operators see it: snapshot, alerts, audit log, drain.",
    "Incidents": "Incidents with updates, notes, captures and retrospectives.",
    "Windows": "Planned maintenance: windows, series and freezes.",
    "Announcements": "Messages to an audience.",
    "Components": "Components and their states.",
    "Monitors": "What the portal checks itself, and heartbeats that it waits for.",
    "Notifications": "Subscribers, deliveries and messages to them.",
    "Perimeter": "Blocks of addresses, ranges, keys and origins.",
    "Workers": "Reports of external workers.",
    "Templates": "Texts to begin with.",
}


def complete(document: Any) -> Any:
    """Give each operation its errors as problems, and those of the admin API their security."""
    rows = (f"| {status} | {text} |" for status, text in _ERRORS.items())
    document["info"]["description"] = _ABOUT + "\n".join(rows)
    document["tags"] = [{"name": name, "description": text} for name, text in _GROUPS.items()]
    components = document.setdefault("components", {})
    components["securitySchemes"] = {"token": _TOKEN}
    components["responses"] = {"Problem": {"description": "An error", "content": _AS_PROBLEM}}
    schemas = components.setdefault("schemas", {})
    for name in _REPLACED:
        schemas.pop(name, None)
    schemas["Problem"] = _PROBLEM
    for name, example in EXAMPLES.items():
        schemas[name]["example"] = example
    for path, operations in document["paths"].items():
        for method in _METHODS & set(operations):
            _add_errors(operations[method], is_admin=path.startswith(PREFIX))
            if path.startswith(PREFIX) and path not in _PUBLIC:
                operations[method]["security"] = [{"token": []}]
    return document


def _add_errors(operation: Any, *, is_admin: bool) -> None:
    """Errors that all operations share are described once; those of its own stay."""
    responses = operation["responses"]
    for status in [status for status in responses if status >= "400"]:
        if is_admin:
            del responses[status]
        else:
            responses[status]["content"] = _AS_PROBLEM
    responses["default"] = {"$ref": "#/components/responses/Problem"}
