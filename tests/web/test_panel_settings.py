"""Settings in the panel: templates by a form, and the configuration without its secrets."""

import pytest

from portal.accounts.roles import Role
from portal.settings import in_force, table
from portal.status.templates import MessageTemplate
from tests.clocks import StandingClock
from tests.conftest import Build
from tests.people import Person
from tests.sites import Site
from tests.web.pages import hidden_of, recorded, text_of, value_of

FORM = {"name": "planned-work", "title": "Work on {{components}}", "message": "At {{when}}."}
PATH = "/panel/settings/templates"


@pytest.fixture
def person(site: Site, still: StandingClock) -> Person:
    return site.signed_in(Role.ADMIN)


def test_a_template_is_written_and_changed_by_a_form(site: Site, person: Person):
    assert person.post(f"{PATH}/new", **FORM).status_code == 303
    page = text_of(person.client.get("/panel/settings"))
    assert "The template planned-work is saved." in page
    assert "components, when" in page
    form = text_of(person.client.get(f"{PATH}/planned-work"))
    assert value_of(form, "title") == FORM["title"]
    changed = {"title": "Work", "message": "Soon.", "version": hidden_of(form, "version")}
    assert person.post(f"{PATH}/planned-work", **changed).status_code == 303
    stale = text_of(person.post(f"{PATH}/planned-work", **{**changed, "title": "Mine"}), 412)
    assert value_of(stale, "title") == "Mine"
    with site.portal.core.open_session() as session:
        row = session.get(MessageTemplate, "planned-work")
        assert row is not None
        assert (row.title, row.version) == ("Work", 2)
    assert len(recorded(site, "maintenance.template.changed")) == 2


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"name": "Big Name"}, "Use lowercase letters, digits and hyphens"),
        ({"title": ""}, "must not be empty"),
        ({"message": "{{Big}}"}, "Write a field as"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_lost(
    site: Site, person: Person, wrong: dict[str, str], said: str
):
    page = text_of(person.post(f"{PATH}/new", **{**FORM, **wrong}), 422)
    assert said in page
    assert value_of(page, "message") == {**FORM, **wrong}["message"]


def test_there_is_no_form_of_a_template_that_there_is_not(person: Person):
    text_of(person.client.get(f"{PATH}/nothing"), 404)


def test_a_viewer_sees_templates_and_no_configuration(site: Site, still: StandingClock):
    viewer = site.signed_in(Role.VIEWER)
    page = text_of(viewer.client.get("/panel/settings"))
    assert "Message templates" in page
    assert f'<script src="{site.settings.url}/embed/banner.js" async></script>' in page
    assert "PORTAL_ENV" not in page
    assert viewer.post(f"{PATH}/new", **FORM).status_code == 403


def test_the_configuration_holds_every_setting_and_no_secret(build: Build, still: StandingClock):
    secret = "s3cr3t-" * 6
    site = build(secret_key=secret, site_name="Example status")
    page = text_of(site.signed_in(Role.ADMIN).client.get("/panel/settings"))
    for row in table():
        assert row.variable in page, row.variable
    assert secret not in page
    told = {one.variable: one for one in in_force(site.settings)}
    assert told["PORTAL_SECRET_KEY"].value == "set, and not shown"
    assert told["PORTAL_REDIS_URL"].value == "not set"
    assert told["PORTAL_SITE_NAME"].is_changed
    secrets = [row.variable for row in table() if row.is_secret]
    assert {told[name].value for name in secrets} <= {"set, and not shown", "not set"}
