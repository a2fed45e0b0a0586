"""Migrations that put rows right: what an older version left is there, once, and can go back."""

from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from portal.store import schema
from portal.store.engine import ensure_file, for_migrations
from tests.databases import fresh_database

pytestmark = pytest.mark.database


@pytest.fixture(params=["sqlite", "postgresql"])
def older(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a database of version 0014."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'portal.db'}"
    else:
        url = fresh_database(request.getfixturevalue("postgres"), template="template0")
    ensure_file(for_migrations(url))
    schema.migrate(url, "upgrade", "0014")
    return url


AT = "2030-06-03 12:00:00"


def block(connection: Connection, number: str, value: str, until: str, **values: object) -> None:
    row = {"removed": None, "noted": False, **values}
    connection.execute(
        text(
            "INSERT INTO block (id, scope, value, kind, source, reason, created_at, until,"
            " created_by, is_forced, removed_at, expiry_noted, version) VALUES (:id, 'ip', :value,"
            " 'ban', 'auto', 'r', :at, :until, 'x', :no, :removed, :noted, 1)"
        ),
        {"id": number, "value": value, "at": AT, "until": until, "no": False, **row},
    )


def subscriber(
    connection: Connection, number: int, kind: str, address: str, at: str | None
) -> None:
    connection.execute(
        text(
            "INSERT INTO subscriber (id, kind, address, topics, components, wanted, asked_at,"
            " confirmed_at, secret, created_at) VALUES (:id, :kind, :address, '[]', '[]', '{}',"
            " :now, :at, '', :now)"
        ),
        {"id": number, "kind": kind, "address": address, "at": at, "now": AT},
    )


def test_what_was_doubled_is_there_once(older: str):
    with for_migrations(older).begin() as connection:
        block(connection, "short", "192.0.2.1", "2030-06-03 13:00:00")
        block(connection, "long", "192.0.2.1", "2030-06-03 14:00:00")
        block(connection, "other", "192.0.2.2", "2030-06-03 13:00:00")
        block(connection, "removed", "192.0.2.1", "2030-06-03 15:00:00", removed=AT)
        block(connection, "over", "192.0.2.1", "2030-06-03 16:00:00", noted=True)
        subscriber(connection, 1, "mail", "Ada@example.com", None)
        subscriber(connection, 2, "mail", "ada@example.com", AT)
        subscriber(connection, 3, "mail", "bob@example.com", None)
        subscriber(connection, 4, "webhook", "https://h.example/A", AT)
        subscriber(connection, 5, "webhook", "https://h.example/a", AT)
    schema.upgrade(older)
    with for_migrations(older).connect() as connection:
        held = connection.execute(
            text("SELECT id FROM block WHERE removed_at IS NULL AND NOT expiry_noted ORDER BY id")
        )
        assert list(held.scalars()) == ["long", "other"]
        told = connection.execute(text("SELECT id, canonical FROM subscriber ORDER BY id")).all()
    assert [tuple(one) for one in told] == [
        (2, "ada@example.com"),
        (3, "bob@example.com"),
        (4, "https://h.example/A"),
        (5, "https://h.example/a"),
    ]


def test_a_template_of_ones_own_stays(older: str):
    with for_migrations(older).begin() as connection:
        connection.execute(
            text("INSERT INTO message_template VALUES ('public', 'Mine', 'Mine', :at, 3)"),
            {"at": AT},
        )
    schema.upgrade(older)
    query = text("SELECT title FROM message_template WHERE name = 'public'")
    with for_migrations(older).connect() as connection:
        assert connection.scalar(query) == "Mine"
    schema.migrate(older, "downgrade", "0014")
    with for_migrations(older).connect() as connection:
        assert connection.scalar(query) == "Mine"
    schema.upgrade(older)


def test_notices_know_how_far_they_are(older: str):
    with for_migrations(older).begin() as connection:
        subscriber(connection, 1, "mail", "ada@example.com", AT)
        subscriber(connection, 2, "mail", "bob@example.com", None)
        connection.execute(
            text(
                'UPDATE subscriber SET topics = \'["maintenance", "incidents"]\','
                ' components = \'["web", "api"]\' WHERE id = 1'
            )
        )
    schema.migrate(older, "upgrade", "0018")
    with for_migrations(older).begin() as connection:
        for number, (kind, event) in enumerate(
            [("window", "ended"), ("incident", "opened"), ("incident", "updated")], start=1
        ):
            connection.execute(
                text(
                    "INSERT INTO notice (id, key, kind, event, ref, title, message, facts,"
                    " audiences, channels, components, occurred_at, created_at, position)"
                    " VALUES (:id, :key, :kind, :event, 'r', '', '', '{}', '[]', '[]', '[]', :at,"
                    " :at, 7)"
                ),
                {"id": number, "key": f"k{number}", "kind": kind, "event": event, "at": AT},
            )
        states = ["sent", "sent", "dead", "dropped", "dropped", "dropped", "pending", "sending"]
        for notice in (1, 2):
            for number, state in enumerate(states):
                connection.execute(
                    text(
                        "INSERT INTO delivery (id, notice_id, recipient, lane, state, attempts,"
                        " due_at, claimed_by, error) VALUES (:id, :notice, :who, 'mail', :state,"
                        " 0, :at, '', '')"
                    ),
                    {
                        "id": notice * 100 + number,
                        "notice": notice,
                        "who": f"subscriber {number}",
                        "state": state,
                        "at": AT,
                    },
                )
    schema.upgrade(older)
    query = "SELECT urgency, recipients, sent, dead, dropped FROM notice ORDER BY id"
    urgent = "SELECT id FROM delivery WHERE urgency = 0 ORDER BY id"
    with for_migrations(older).connect() as connection:
        found = [tuple(row) for row in connection.execute(text(query))]
        assert found == [(1, 8, 2, 1, 3), (0, 8, 2, 1, 3), (1, 0, 0, 0, 0)]
        # What is settled is in nobody's way.
        assert list(connection.execute(text(urgent)).scalars()) == [206, 207]
        chosen = connection.execute(text("SELECT choice FROM subscriber ORDER BY id")).scalars()
        assert list(chosen) == ["!#|api|web|", ""]
    schema.migrate(older, "downgrade", "0018")
    with for_migrations(older).connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM delivery")) == 16
    schema.upgrade(older)


def test_what_is_there_has_no_translations_yet(older: str):
    schema.migrate(older, "upgrade", "0026")
    with for_migrations(older).begin() as connection:
        connection.execute(
            text(
                "INSERT INTO announcement (id, slug, title, message, severity, is_draft, audiences,"
                " channels, dismissible, starts_at, created_at, updated_at, version) VALUES (1,"
                " 'terms', 'Terms', '', 'info', :no, '[]', '[]', :no, :at, :at, :at, 1)"
            ),
            {"at": AT, "no": False},
        )
    schema.upgrade(older)
    with for_migrations(older).connect() as connection:
        made = text("SELECT CAST(translations AS VARCHAR) FROM announcement")
        assert connection.scalar(made) == "{}"
    schema.migrate(older, "downgrade", "0026")
    with for_migrations(older).connect() as connection:
        assert connection.scalar(text("SELECT title FROM announcement")) == "Terms"
    schema.upgrade(older)
