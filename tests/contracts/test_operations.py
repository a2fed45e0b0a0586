"""The OpenAPI document says of every operation what it does and who may."""

from portal.web import scopes
from tests.conftest import Site

METHODS = {"get", "post", "put", "patch", "delete"}


def test_every_operation_says_what_it_does_and_who_may(site: Site):
    document = site.client().get("/api/openapi.json").get_json()
    adapter = site.app.url_map.bind("localhost")
    count = 0
    for path, operations in document["paths"].items():
        filled = path.replace("{number}", "1").replace("{", "").replace("}", "")
        for method in METHODS & set(operations):
            count += 1
            where, operation = f"{method} {path}", operations[method]
            endpoint, _ = adapter.match(filled, method.upper())
            view = site.app.view_functions[endpoint]
            # Without a docstring the summary would be the function's name.
            assert view.__doc__, where
            assert operation["tags"], where
            if scopes.TABLE[endpoint] == scopes.PUBLIC:
                continue
            assert operation["security"] == [{"token": []}], where
            assert {"401", "403", "422", "503"} <= set(operation["responses"]), where
    assert count >= 60
