"""The OpenAPI document: what every operation of the admin API has in common."""

from typing import Any

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


def complete(document: Any) -> Any:
    """Give each operation its errors as problems, and those of the admin API their security."""
    _add_errors(document)
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    for name in _REPLACED:
        schemas.pop(name, None)
    schemas["Problem"] = _PROBLEM
    for operations in document["paths"].values():
        for method in _METHODS & set(operations):
            for status, response in operations[method]["responses"].items():
                if status >= "400":
                    response["content"] = _AS_PROBLEM
    return document


def _add_errors(document: Any) -> None:
    for path, operations in document["paths"].items():
        if not path.startswith(PREFIX) or path in _PUBLIC:
            continue
        for method in _METHODS & set(operations):
            operation = operations[method]
            operation["security"] = [{"token": []}]
            for status, text in _ERRORS.items():
                operation["responses"].setdefault(str(status), {"description": text})
