"""The update that is prepared once the alerts of an incident are over, and what it says."""

from datetime import datetime
from typing import Any

import pytest
from sqlalchemy.orm import Session

from portal.runtime import recoveries
from portal.runtime.episodes import EXPORTER_STALE
from portal.runtime.recoveries import PreparedUpdate
from portal.status.incidents import Incident, IncidentUpdate
from tests import rows
from tests.instants import MINUTE, NOW
from tests.runtime.test_offers import component


def episode(session: Session, began: int, ended: int | None, **values: Any) -> dict[str, str]:
    """The link to an episode that began and ended so many minutes after noon."""
    closed_at = None if ended is None else NOW + ended * MINUTE
    row = rows.episode(**{"opened_at": NOW + began * MINUTE, "closed_at": closed_at, **values})
    session.add(row)
    session.flush()
    return {"kind": "episode", "ref": str(row.id)}


def stale(session: Session, began: int, ended: int, **labels: str) -> dict[str, str]:
    more = {"alert": EXPORTER_STALE, "subject": "", "labels": labels}
    return episode(session, began, ended, title="Nobody reads our figures", **more)


def prepared(
    session: Session, *links: dict[str, str], resolved_at: datetime | None = None
) -> PreparedUpdate | None:
    return recoveries.prepared(session, incident(session, *links, resolved_at=resolved_at))


def incident(session: Session, *links: dict[str, str], **values: Any) -> Incident:
    row = rows.incident(**{"started_at": NOW, "links": list(links), **values})
    session.add(row)
    session.flush()
    return row


def told(session: Session, *links: dict[str, str]) -> tuple[str, str]:
    """What readers and operators would read."""
    update = prepared(session, *links)
    assert update is not None
    return update.message, update.note


def test_it_waits_until_all_of_its_alerts_are_over(session: Session):
    over, holds = episode(session, 0, 5), episode(session, 1, None, subject="jobs")
    assert prepared(session, over, holds) is None


def test_its_gap_is_from_the_first_beginning_to_the_last_end(session: Session):
    update = prepared(session, episode(session, 2, 30), episode(session, 1, 5))
    assert update is not None
    assert update.gap_seconds == 29 * 60


@pytest.mark.parametrize(
    "link",
    [
        None,
        {"kind": "window", "ref": "1"},
        {"kind": "episode", "ref": "none"},
        {"kind": "episode", "ref": "1000000000"},
    ],
)
def test_without_an_episode_there_is_none(session: Session, link: dict[str, str] | None):
    assert episode(session, 0, 5)["ref"] == "1"
    assert prepared(session, *([link] if link else [])) is None


def test_a_link_to_an_episode_that_was_forgotten_tells_nothing(session: Session):
    assert prepared(session, {"kind": "episode", "ref": "999999999"}) is None


def test_what_is_linked_beside_the_episode_does_not_matter(session: Session):
    window = {"kind": "window", "ref": "spring-cleaning"}
    assert prepared(session, window, episode(session, 0, 5)) is not None


def test_a_resolved_incident_has_none(session: Session):
    assert prepared(session, episode(session, 0, 5), resolved_at=NOW + 9 * MINUTE) is None


@pytest.mark.parametrize(
    ("at", "is_public", "waits", "why"),
    [
        (4, True, True, "it was said before the end"),
        (5, True, False, "it was said at the end"),
        (6, False, True, "readers do not see a note"),
    ],
)
def test_a_public_word_since_the_end_is_enough(
    session: Session, at: int, is_public: bool, waits: bool, why: str
):
    row = incident(session, episode(session, 0, 5))
    session.add(
        IncidentUpdate(
            incident_id=row.id,
            at=NOW + at * MINUTE,
            status="monitoring",
            message="It is over.",
            translations={},
            is_public=is_public,
            author="ada",
        )
    )
    session.flush()
    assert (recoveries.prepared(session, row) is not None) is waits, why


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
