"""The update that is prepared once the alerts of an incident are over."""

import pytest
from sqlalchemy.orm import Session

from portal.runtime import recoveries
from portal.status.incidents import IncidentUpdate
from tests.conftest import Build
from tests.databases import fresh_database
from tests.instants import MINUTE, NOW
from tests.runtime.recovering import episode, incident, prepared


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


def test_a_number_beyond_what_the_database_counts_names_no_episode(build: Build, postgres: str):
    site = build(database_url=fresh_database(postgres))
    beyond = [{"kind": "episode", "ref": ref} for ref in ("2147483648", "9" * 10, "9" * 80)]
    with site.portal.core.open_session() as session:
        assert prepared(session, *beyond, episode(session, 0, 5)) is not None


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
