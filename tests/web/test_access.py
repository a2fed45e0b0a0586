"""Who may: every endpoint is in the table, and the table is what the portal does."""

import pytest

from portal.accounts import roles
from portal.accounts.roles import Role, Scope
from portal.web import scopes
from tests.sites import Site


def test_every_endpoint_is_in_the_table_and_the_other_way_round(site: Site):
    endpoints = {rule.endpoint for rule in site.app.url_map.iter_rules()}
    assert endpoints == set(scopes.TABLE)


def rules(site: Site):
    values = {
        "ref": "nothing",
        "name": "exporter",
        "token": "nothing",
        "filename": "none",
        "reference": "nothing",
        "identity": "nothing",
        "slug": "nothing",
        "number": 0,
    }
    adapter = site.app.url_map.bind("localhost")
    for rule in site.app.url_map.iter_rules():
        if scopes.TABLE[rule.endpoint] != scopes.PUBLIC:
            for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
                arguments = {name: values[name] for name in rule.arguments}
                yield rule.endpoint, method, adapter.build(rule.endpoint, arguments, method)


def test_nobody_gets_nothing(site: Site):
    client = site.client()
    for endpoint, method, path in rules(site):
        answer = client.open(path, method=method)
        assert answer.status_code in (302, 401), (endpoint, method)


@pytest.mark.parametrize("role", list(Role))
def test_a_role_gets_what_its_scopes_allow(site: Site, role: Role):
    person = site.signed_in(role)
    csrf = person.csrf("/panel")
    for endpoint, method, path in rules(site):
        if endpoint == "accounts.sign_out":
            continue
        answer = person.client.open(path, method=method, headers={"X-CSRFToken": csrf})
        is_allowed = roles.allows(role, scopes.TABLE[endpoint])
        assert (answer.status_code != 403) == is_allowed, (endpoint, method, answer.status_code)
        assert answer.status_code < 500, (endpoint, method)


@pytest.mark.parametrize("scope", list(Scope))
def test_a_token_gets_what_its_scope_names(site: Site, scope: Scope):
    client, headers = site.client(), site.bearer(scope)
    for endpoint, method, path in rules(site):
        answer = client.open(path, method=method, headers=headers)
        is_allowed = scopes.TABLE[endpoint] == scope
        assert (answer.status_code != 403) == is_allowed, (endpoint, method, answer.status_code)


def test_a_write_without_the_page_token_is_refused(site: Site):
    person = site.signed_in(Role.OPERATOR)
    answer = person.client.post("/panel/windows/now", data={"duration": "30m", "key": "k" * 9})
    assert answer.status_code == 400
    foreign = person.client.post(
        "/panel/windows/now",
        data={"duration": "30m", "key": "k" * 9, "csrf_token": person.csrf()},
        headers={"Sec-Fetch-Site": "cross-site"},
    )
    assert foreign.status_code == 403
    assert site.client().get("/api/runtime/maintenance").get_json()["announcements"] == []
