"""The audit log, the export and the cards in the panel."""

import hashlib
import json
import re
from datetime import timedelta

import pytest

from portal import clock
from portal.accounts.roles import Role
from portal.audit.events import REQUIRED_FIELDS
from portal.audit.search import Event
from portal.status.windows import WindowIn
from portal.unit_of_work import By
from portal.web.panel import audit, sentences
from portal.web.panel.cards import CARDS
from tests.clocks import StandingClock
from tests.people import Person
from tests.queries import counted
from tests.sites import Site
from tests.web.pages import recorded, text_of


@pytest.fixture
def person(site: Site, still: StandingClock) -> Person:
    return site.signed_in(Role.ADMIN)


def fill(site: Site, number: int) -> None:
    for one in range(number):
        site.portal.core.audit_log.append(
            "incident.noted", actor="ada" if one % 2 else "ben", incident=f"INC-2030-{one:04}"
        )


def numbers(page: str) -> list[int]:
    return [int(one) for one in re.findall(r'<li id="event-(\d+)">', page)]


def test_pages_go_from_the_newest_to_the_first(site: Site, person: Person):
    fill(site, 60)
    first = numbers(text_of(person.client.get("/panel/audit")))
    assert len(first) == 50
    second = numbers(text_of(person.client.get(f"/panel/audit?before={first[-1]}")))
    assert first == sorted(first, reverse=True)
    assert first[-1] == second[0] + 1
    assert second[-1] == 1
    page = text_of(person.client.get("/panel/audit"))
    assert f"before={first[-1]}" in page
    assert "Newest" not in page
    page = text_of(person.client.get("/panel/audit?before=1"))
    assert numbers(page) == []
    assert "Newest" in page


def test_filters_choose_by_the_beginning_of_the_type_and_by_the_actor(site: Site, person: Person):
    fill(site, 4)
    page = text_of(person.client.get("/panel/audit?type=incident&actor=ada"))
    assert len(numbers(page)) == 2
    assert "INC-2030-0001" in page
    assert "account.login.succeeded" not in page
    assert 'value="ada"' in page
    # What means something to a pattern means itself.
    assert "INC-2030" not in text_of(person.client.get("/panel/audit?type=%25"))


def test_a_choice_is_counted_as_far_as_it_is_exported(
    site: Site, person: Person, monkeypatch: pytest.MonkeyPatch
):
    fill(site, 6)
    monkeypatch.setattr(audit, "MOST_EXPORTED", 3)
    assert "More than 3 events" in text_of(person.client.get("/panel/audit?type=incident"))
    assert "3 events" in text_of(person.client.get("/panel/audit?type=incident&actor=ada"))
    assert "More than" not in text_of(person.client.get("/panel/audit")), "all are known by number"


def test_days_choose_the_last_one_whole(site: Site, still: StandingClock):
    fill(site, 1)
    still.advance(days=1)
    fill(site, 1)
    person = site.signed_in(Role.ADMIN)
    chosen = {
        "from=2030-06-03&to=2030-06-03": 1,
        "from=2030-06-04": 1,
        "to=2030-06-04": 2,
        "from=2030-06-05": 0,
        "to=2030-06-02": 0,
    }
    for query, number in chosen.items():
        page = text_of(person.client.get(f"/panel/audit?type=incident&{query}"))
        assert len(numbers(page)) == number, query
    for wrong in ("from=yesterday", "to=2030-13-01", "from=1999-01-01", "to=3000-01-01"):
        text_of(person.client.get(f"/panel/audit?{wrong}"), 400)
    text_of(person.client.get("/panel/audit?actor=%00"), 400)


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


def test_events_read_as_sentences_with_names(site: Site, person: Person):
    window = site.portal.status.windows.schedule(
        By("ada"), WindowIn(title="<i>Failover</i>", ends_at=clock.now() + timedelta(hours=1))
    )
    site.portal.core.audit_log.append(
        "perimeter.block.created",
        actor="portal",
        block="b1",
        scope="ip",
        value="203.0.113.9",
        kind="ban",
        until="2030-06-03T22:40:00Z",
        reason="",
    )
    page = person.client.get("/panel/audit").get_data(as_text=True)
    named = f'<b>ada</b> planned <a href="/panel/windows/{window.reference}">&lt;i&gt;Failover'
    assert named in page
    assert '<b>The portal</b> blocked <span class="key">203.0.113.9</span> until <time' in page
    assert "Mon 3 Jun, 22:40 UTC" in page
    # Nothing to say is not said.
    assert "Reason:" not in page


def test_an_event_of_a_newer_version_is_told_by_its_name():
    event = Event(1, clock.now(), "future.event", "ada", {"x": 1}, "h")
    assert sentences.brief(event) == "<b>ada</b> future.event"


def test_every_declared_event_has_a_sentence_of_its_fields():
    assert set(sentences.SENTENCES) == set(REQUIRED_FIELDS)
    for name, texts in sentences.SENTENCES.items():
        for text in texts:
            places = set(re.findall(r"{(\w+)(?::\w+)?}", text))
            assert places <= REQUIRED_FIELDS[name], name


def test_a_page_of_sentences_asks_for_titles_once_a_noun(site: Site, person: Person):
    for number in range(40):
        site.portal.status.windows.schedule(
            By("ada"), WindowIn(title=f"w{number}", ends_at=clock.now() + timedelta(hours=1))
        )
    text_of(person.client.get("/panel/audit"))
    with counted(site) as queries:
        page = text_of(person.client.get("/panel/audit"))
    assert "w39" in page
    # Session, events, the numbers of first and last, addresses, titles of windows.
    assert len(queries) <= 6


@pytest.mark.parametrize("before", ["-1", "two", "9" * 16, "²"])
def test_where_a_page_ends_must_be_a_number(person: Person, before: str):
    text_of(person.client.get("/panel/audit", query_string={"before": before}), 400)


@pytest.mark.parametrize(("role", "status"), [(Role.VIEWER, 403), (Role.SECURITY, 200)])
def test_the_log_is_for_those_who_may_read_it(
    site: Site, still: StandingClock, role: Role, status: int
):
    assert site.signed_in(role).client.get("/panel/audit").status_code == status


def test_addresses_stand_in_it_as_long_as_they_are_known(site: Site, person: Person):
    stranger = Person(site.client(), "nobody")
    assert stranger.sign_in("wrong password here").status_code == 401
    page = text_of(person.client.get("/panel/audit?type=account.login.refused"))
    assert "127.0.0.1" in page
    # Somebody may have typed a password there.
    assert "nobody" not in page
    assert "unknown " in page


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


def test_every_card_is_a_fragment_and_others_are_not_there(person: Person):
    for name in CARDS:
        text = text_of(person.client.get(f"/panel/cards/{name}"))
        assert "<html" not in text, name
    text_of(person.client.get("/panel/cards/fortune"), 404)


def test_the_runbook_has_the_sections_that_alerts_lead_to(person: Person):
    page = text_of(person.client.get("/panel/runbook"))
    for number in range(1, 5):
        assert f'id="section-{number}"' in page
