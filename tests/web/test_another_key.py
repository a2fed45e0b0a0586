"""Operators at the panel while the secret key changes: nobody is signed out."""

from dataclasses import replace

from portal.web import problems
from portal.web.panel import monitor_fields
from tests.people import Person
from tests.sites import Site, another

NEW = "another key of more than thirty-two characters"


def test_a_session_goes_on_under_another_key(site: Site):
    before = site.signed_in()
    changed = replace(site, settings=replace(site.settings, secret_key=NEW))
    client = another(changed).client()
    for cookie in before.client._cookies.values():
        client.set_cookie(cookie.key, cookie.value, path=cookie.path, secure=cookie.secure)
    after = Person(client, before.name)
    assert client.get("/panel/audit").status_code == 200
    # A form of before is refused with what to do, and the page that is loaded anew works.
    typed = {"csrf_token": before.csrf(), "title": "Typed for long"}
    refused = client.post("/panel/announcements/new", data=typed, headers={"Accept": "text/html"})
    page = refused.get_data(as_text=True)
    assert refused.status_code == 400
    assert "This form is out of date. Nothing was saved. Load the page again" in page
    assert "Typed for long" in page
    assert 'href="/panel/incidents"' in page, "it is a page of the panel"
    assert client.post("/panel/logout", data={"csrf_token": after.csrf()}).status_code == 303


def test_what_is_never_shown_is_not_given_back_either():
    secret = {
        field.name
        for fields in monitor_fields.FIELDS.values()
        for field in fields
        if field.is_secret
    }
    assert len(secret) > 1
    assert secret <= problems.NOT_GIVEN_BACK
