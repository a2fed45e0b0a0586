"""The OpenAPI document says of every operation what it does and who may."""

import jsonschema

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


def test_every_error_is_a_problem_of_the_one_shape(site: Site):
    document = site.client().get("/api/openapi.json").get_json()
    schema = document["components"]["schemas"]["Problem"]
    jsonschema.Draft202012Validator.check_schema(schema)
    assert not {"HTTPError", "ValidationError"} & set(document["components"]["schemas"])
    shape = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    errors = 0
    for path, operations in document["paths"].items():
        for method in METHODS & set(operations):
            for status, response in operations[method]["responses"].items():
                if status >= "400":
                    errors += 1
                    assert response["content"] == shape, f"{method} {path} {status}"
    assert errors > 600
    base, headers, client = "/api/admin/runtime/maintenance", site.bearer(), site.client()
    ref = client.post(base, json={"title": "x"}, headers=headers).get_json()["slug"]
    stale = {**headers, "If-Match": '"9"'}
    answers = [
        client.post(base, json={"mood": 1}, headers=headers),
        client.post(base, data="{", content_type="application/json", headers=headers),
        client.post(base, data="x", content_type="text/plain", headers=headers),
        client.put(f"{base}/{ref}", json={"title": "y"}, headers=stale),
        client.get(f"{base}/nothing", headers=headers),
        client.get(base),
        client.delete("/api/status"),
        client.get("/api/runtime/maintenance?limit=0"),
    ]
    statuses = [answer.status_code for answer in answers]
    assert statuses == [422, 400, 415, 412, 404, 401, 405, 400]
    for answer in answers:
        assert answer.content_type == "application/problem+json"
        body = answer.get_json()
        jsonschema.validate(body, schema)
        assert set(body) <= set(schema["properties"]), answer.status_code
