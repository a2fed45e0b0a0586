"""How many a notice is for, counted in SQL: the same as asking each subscriber."""

import random
from typing import Any

import pytest
from sqlalchemy import insert, select

from portal.accounts.roles import Role
from portal.notify import subscribers
from portal.notify.broadcasts import NotificationIn
from portal.notify.subscribers import Choices, Subscriber, SubscriberKind
from portal.notify.subscribers.subscriber import LONGEST_CHOICE, choice_of
from portal.status.components import ComponentIn
from portal.status.notices import Notice
from portal.store.revision import transaction
from portal.unit_of_work import By
from tests.notify import crowd
from tests.queries import counted
from tests.sites import Site

SLUGS = ["api", "a", "pi", "api-2", "web", "i", "m"]


def people(dice: random.Random, count: int) -> list[dict[str, Any]]:
    """Who chose this and that; some have not confirmed, and some chose very many components."""
    many = [f"component-with-a-long-name-{number:02}" for number in range(60)]
    return [
        {
            "kind": dice.choice(["mail", "mail", "webhook", "slack", "teams"]),
            "address": f"https://{number}.example.com",
            "topics": dice.sample(crowd.ALL, dice.randint(1, 3)),
            "components": dice.choice([[], dice.sample(SLUGS, dice.randint(1, 3)), [*many, "api"]]),
            "confirmed_at": dice.choice([None, *[crowd.clock.now()] * 4]),
        }
        for number in range(count)
    ]


def test_sql_counts_whom_the_rule_tells(either: Site):
    dice = random.Random(20301)
    at = crowd.clock.now()
    rest = {"wanted": {}, "question": None, "asked_at": at, "secret": "", "created_at": at}
    with transaction(either.portal.core.open_session) as (session, _):
        session.execute(insert(Subscriber), [one | rest for one in people(dice, 400)])
    with either.portal.core.open_session() as session:
        everyone = session.scalars(select(Subscriber)).all()
        assert any(one.choice is None for one in everyone)
        for _ in range(150):
            notice = Notice(
                kind=dice.choice(["incident", "window", "series", "announcement", "alert"]),
                audiences=dice.choice([["public"], ["public", "admin"], ["admin"]]),
                channels=dice.choice([["email", "api"], ["email"], ["api"], []]),
                components=dice.choice([[], dice.sample(SLUGS, dice.randint(1, 4)), ["%", "_"]]),
            )
            expected = dict.fromkeys(SubscriberKind, 0)
            for one in everyone:
                if notice.kind != "alert" and one.wants(notice):
                    expected[SubscriberKind(one.kind)] += 1
            assert subscribers.told(session, notice) == expected


@pytest.mark.unit
def test_a_choice_as_text():
    assert choice_of(["maintenance", "incidents"], []) == "!#"
    assert choice_of(["announcements"], ["web", "api"]) == "+|api|web|"
    assert len(choice_of(["incidents"], ["x" * (LONGEST_CHOICE - 3)]) or "") == LONGEST_CHOICE
    assert choice_of(["incidents"], ["x" * (LONGEST_CHOICE - 2)]) is None


def test_who_chooses_anew_is_counted_anew(either: Site):
    crowd.gather(either, 1)
    either.portal.status.components.add(By("test"), ComponentIn(slug="api", name="API"))
    about = Notice(kind="window", audiences=["public"], channels=["email"], components=["web"])
    with transaction(either.portal.core.open_session) as (session, _):
        row = session.query(Subscriber).one()
        assert subscribers.told(session, about)[SubscriberKind.MAIL] == 1
        subscribers.choose(session, row, Choices(components=["api"]))
        session.flush()
        assert subscribers.told(session, about)[SubscriberKind.MAIL] == 0


def test_a_preview_loads_no_subscriber(either: Site):
    """What comes back is a number of each kind, however many there are."""
    crowd.gather(either, 2000)
    asked = NotificationIn(template="operations", values=_values(either))
    with counted(either) as queries:
        shown = either.portal.notify.broadcasts.preview(asked)
    assert shown.messages[0].recipients == 2000
    of_subscribers = [one for one in queries.statements if "FROM subscriber" in one]
    assert len(of_subscribers) == 1
    assert "count(*)" in of_subscribers[0]


def test_sending_counts_before_it_writes(either: Site):
    crowd.gather(either, 20)
    asked = NotificationIn(template="operations", values=_values(either))
    with counted(either) as queries:
        sent = either.portal.notify.broadcasts.send(By("test"), asked)
    assert sent.shown.messages[0].recipients == 20
    order = [
        text.split()[0]
        for text in queries.statements
        if "subscriber" in text or "INTO notice" in text
    ]
    assert order == ["SELECT", "INSERT"]


def test_the_live_preview_counts_in_sql(either: Site):
    crowd.gather(either, 2000)
    person = either.signed_in(Role.ADMIN)
    form = {"title": "T", "message": "M", "impact": "minor", "status": "investigating"}
    form["audiences"] = "public"
    person.post("/panel/incidents/preview", **form)
    with counted(either) as queries:
        page = person.post("/panel/incidents/preview", **form)
    assert "subscribers will be notified" in page.text
    of_subscribers = [one for one in queries.statements if "FROM subscriber" in one]
    assert len(of_subscribers) == 1


def _values(site: Site) -> dict[str, str]:
    from portal.status import templates
    from portal.status.templates import MessageTemplate

    with site.portal.core.open_session() as session:
        template = session.get(MessageTemplate, "operations")
        assert template is not None
        return dict.fromkeys(templates.fields_of(template), "x")
