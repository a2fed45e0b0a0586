"""schemathesis throws what the OpenAPI document allows, and what it does not, at every route."""

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from tests.conftest import Build

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


@pytest.fixture
def api(build: Build):
    # Two seconds to import, for this test alone.
    import schemathesis

    site = build()
    schema = schemathesis.openapi.from_wsgi("/api/openapi.json", site.app)
    return schema, site.bearer(), site.portal.lifecycle.phases


@pytest.mark.fault(21)
def test_nothing_gets_a_500(api):
    schema, headers, lifecycle = api
    found = 0
    for operation in schema.get_all_operations():
        endpoint = operation.ok()
        found += 1

        @settings(
            max_examples=25,
            deadline=None,
            derandomize=True,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=endpoint.as_strategy())
        def check(case):
            lifecycle.back()  # a drain that was begun would refuse every write after it
            answer = case.call(headers=headers)
            assert answer.status_code < 500, (case.method, case.path, answer.text)

        check()
    assert found >= 18
