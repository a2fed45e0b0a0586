"""The audit log as a file: whole, defused, and on record itself."""

import hashlib
import json

import pytest

from portal.accounts.roles import Role
from tests.clocks import StandingClock
from tests.people import Person
from tests.sites import Site
from tests.web.audit import fill
from tests.web.pages import recorded, text_of


@pytest.fixture
def person(site: Site, still: StandingClock) -> Person:
    return site.signed_in(Role.ADMIN)


def test_what_matches_is_exported_whole_and_defused(site: Site, person: Person):
    site.portal.core.audit_log.append("incident.noted", actor="=1+1", incident="INC-2030-0001")
    fill(site, 60)
    answer = person.client.get("/panel/audit/export?type=incident&format=csv")
    lines = answer.get_data(as_text=True).splitlines()
    assert len(lines) == 62
    assert "'=1+1" in lines[-1]
    assert "attachment" in answer.headers["Content-Disposition"]
    answer = person.client.get("/panel/audit/export?type=incident&actor=ada&format=jsonl")
    rows = [json.loads(line) for line in answer.get_data(as_text=True).splitlines()]
    assert {row["actor"] for row in rows} == {"ada"}
    assert len(rows) == 30
    text_of(person.client.get("/panel/audit/export?format=pdf"), 400)


def test_an_export_is_on_record_with_the_hash_of_what_was_given_out(site: Site, person: Person):
    answer = person.post("/panel/snapshot", format="json")
    assert answer.status_code == 200
    assert "attachment" in answer.headers["Content-Disposition"]
    (event,) = recorded(site, "runtime.snapshot.exported")
    assert event.actor == person.name
    assert event.detail["sha256"] == hashlib.sha256(answer.data).hexdigest()
    assert json.loads(answer.data)["id"] == event.detail["snapshot"]


def test_a_table_can_be_exported_and_a_word_that_is_no_format_cannot(site: Site, person: Person):
    table = person.post("/panel/snapshot", format="csv")
    assert table.status_code == 200
    assert table.content_type.startswith("text/csv")
    assert person.post("/panel/snapshot", format="pdf").status_code in {400, 422}
    assert [one.detail["format"] for one in recorded(site, "runtime.snapshot")] == ["csv"]
