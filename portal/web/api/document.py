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
}
_METHODS = {"get", "post", "put", "patch", "delete"}


def complete(document: Any) -> Any:
    """Give each operation of the admin API its security and the errors it may answer."""
    for path, operations in document["paths"].items():
        if not path.startswith(PREFIX) or path in _PUBLIC:
            continue
        for method in _METHODS & set(operations):
            operation = operations[method]
            operation["security"] = [{"token": []}]
            for status, text in _ERRORS.items():
                operation["responses"].setdefault(str(status), {"description": text})
    return document
