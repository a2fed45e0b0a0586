"""What a prepared update says: what is well again, who was away, and which figures are missing."""

from sqlalchemy.orm import Session

from tests.runtime.recovering import episode, stale, told
from tests.runtime.test_offers import component


def test_readers_learn_which_components_are_well_again(session: Session):
    component(session, "web", "Website", alerts=["worker-stuck:mails"])
    message, note = told(session, episode(session, 0, 5), stale(session, 1, 7))
    assert message == (
        "The problem with Website and our service is over since 12:07 UTC;"
        " it lasted 7 min, from 12:00 UTC on. We keep monitoring."
    )
    assert note == (
        "Jobs do not move, mails: over since 12:05 UTC; it lasted 5 min, from 12:00 UTC on."
        " Monitoring reads our figures again since 12:07 UTC;"
        " for 6 min, from 12:01 UTC on, there are none."
    )


def test_an_alert_about_nothing_in_particular_is_named_by_its_title(session: Session):
    assert told(session, episode(session, 0, 5, subject=""))[1].startswith("Jobs do not move: over")


def test_when_nobody_came_there_are_no_figures(session: Session):
    text = (
        "Monitoring reads our figures again since 12:05 UTC;"
        " for 5 min, from 12:00 UTC on, there are none."
    )
    one = stale(session, 0, 5, scraper="prom-a, prom-b")
    assert told(session, one) == (f"{text} We keep monitoring.", text)


def test_when_another_scraper_came_a_part_is_missing(session: Session):
    one = stale(session, 0, 5, scraper="prom-a, prom-b", others="prom-b, prom-c")
    assert told(session, one) == (
        "All of our monitoring reads our figures again since 12:05 UTC;"
        " a part of it had not come for 5 min, from 12:00 UTC on. We keep monitoring.",
        "The scraper prom-a reads our figures again since 12:05 UTC;"
        " it had not come for 5 min, from 12:00 UTC on. prom-b, prom-c came meanwhile.",
    )


def test_all_that_were_away_are_named_when_each_came_once(session: Session):
    one = stale(session, 0, 5, scraper="prom-a", others="prom-a")
    assert told(session, one)[1].startswith("The scraper prom-a reads")


def test_an_alert_of_another_kind_is_no_scraper(session: Session):
    one = episode(session, 0, 5, labels={"others": "jobs"})
    assert told(session, one)[1].startswith("Jobs do not move, mails: over")
