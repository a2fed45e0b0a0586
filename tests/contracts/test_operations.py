"""The OpenAPI document says of every operation what it does and who may."""

from datetime import timedelta

from portal.settings.workers import DeclaredWorker
from portal.web import scopes
from tests import json_schema
from tests.conftest import Build
from tests.sites import Site

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
    assert count >= 60


def test_every_error_is_a_problem_of_the_one_shape(site: Site):
    document = site.client().get("/api/openapi.json").get_json()
    schema = document["components"]["schemas"]["Problem"]
    assert not {"HTTPError", "ValidationError"} & set(document["components"]["schemas"])
    shape = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    assert document["components"]["responses"]["Problem"]["content"] == shape
    # All errors are described once.
    for status in (400, 401, 403, 404, 409, 412, 413, 415, 422, 429, 503, 507):
        assert f"| {status} | " in document["info"]["description"]
    for path, operations in document["paths"].items():
        for method in METHODS & set(operations):
            responses = dict(operations[method]["responses"])
            assert responses.pop("default") == {"$ref": "#/components/responses/Problem"}, path
            for status, response in responses.items():
                if status >= "400":
                    assert response["content"] == shape, f"{method} {path} {status}"
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
        assert json_schema.fault(body, schema) is None
        assert set(body) <= set(schema["properties"]), answer.status_code


def test_every_group_has_its_words_and_the_token_its_scheme(site: Site):
    document = site.client().get("/api/openapi.json").get_json()
    used = {
        tag
        for operations in document["paths"].values()
        for method in METHODS & set(operations)
        for tag in operations[method]["tags"]
    }
    assert used == {tag["name"] for tag in document["tags"]}
    assert all(tag["description"] for tag in document["tags"])
    assert document["components"]["securitySchemes"]["token"]["scheme"] == "bearer"


BASE = "/api/admin/runtime"
SENT = {
    "ComponentIn": ("post", f"{BASE}/components"),
    "AnnouncementIn": ("post", f"{BASE}/maintenance"),
    "BlockIn": ("post", f"{BASE}/maintenance/perimeter/blocks"),
    "IncidentIn": ("post", f"{BASE}/incidents"),
    "UpdateIn": ("post", f"{BASE}/incidents/{{reference}}/updates"),
    "WindowIn": ("post", f"{BASE}/maintenance/windows"),
    "WorkerIn": ("put", f"{BASE}/workers/mailer"),
}


def test_every_example_is_accepted_as_it_stands(build: Build):
    site = build(workers_declared=(DeclaredWorker("mailer", timedelta(minutes=1)),))
    client, headers = site.client(), site.bearer()
    schemas = client.get("/api/openapi.json").get_json()["components"]["schemas"]
    assert {name for name, schema in schemas.items() if "example" in schema} == set(SENT)
    reference = ""
    for name, (method, path) in SENT.items():
        answer = client.open(
            path.format(reference=reference),
            method=method,
            json=schemas[name]["example"],
            headers=headers,
        )
        assert answer.status_code in {200, 201}, (name, answer.text)
        reference = answer.get_json().get("reference", reference)
