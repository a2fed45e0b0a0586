"""`portal db reencrypt`: from one secret key to the next."""

import pytest

from portal.cli import encryption
from portal.monitors.credentials import Credentials
from portal.monitors.monitor import Monitor
from portal.notify.subscribers import Addresses, Subscriber
from portal.settings import kept_secret
from tests.cli.conftest import Cli
from tests.conftest import Build
from tests.databases import fresh_database
from tests.monitors.factories import monitor
from tests.rows import subscriber
from tests.web.pages import recorded

NEW = "another key of more than thirty-two characters"
TOKEN = {"token": "s3cret"}


@pytest.fixture(params=["sqlite", "postgresql"])
def on_either(request: pytest.FixtureRequest, cli: Cli, build: Build) -> Cli:
    if request.param == "sqlite":
        return cli
    url = fresh_database(request.getfixturevalue("postgres"))
    site = build(database_url=url, data_dir=cli.site.settings.data_dir / "beside")
    where = {"PORTAL_DATABASE_URL": url, "PORTAL_DATA_DIR": str(site.settings.data_dir)}
    return Cli(site, {**cli.environ, **where})


def earlier(cli: Cli) -> str:
    return kept_secret(cli.site.settings.data_dir, "secret-key")


def told(count: int) -> str:
    return f"Encrypted anew: credentials of {count} monitors, addresses of {count} channels.\n"


def address(number: int) -> str:
    return f"https://hooks.slack.com/services/T0/B0/X0f2secret{number}"


def fill(cli: Cli, key: str, channels: range) -> None:
    """A monitor with a token, and channels, encrypted with a key."""
    with cli.site.portal.core.open_session() as session:
        for number in channels:
            row = subscriber(number, kind="slack")
            Addresses((key,)).put(row, address(number))
            session.add(row)
        number = channels.start
        stored = Credentials((key,)).encrypt(TOKEN)
        session.add(monitor(id=number, slug=f"m-{number}", credentials=stored))
        session.add(monitor(id=number + 1, slug=f"none-{number}"))
        session.commit()


def test_all_secrets_are_encrypted_with_the_new_key(on_either: Cli):
    cli = on_either
    count = 2 * encryption._AT_ONCE + 1
    fill(cli, earlier(cli), range(1, count + 1))
    keys = {"PORTAL_SECRET_KEY": NEW, "PORTAL_SECRET_KEY_FALLBACKS": f"unused\n{earlier(cli)}"}
    said = cli.run("check", **keys).output
    assert f"secrets: 0 with the current key, {count + 1} with an earlier one; run:" in said
    said = cli.run("db", "reencrypt", **keys).output
    assert said == f"Encrypted anew: credentials of 1 monitors, addresses of {count} channels.\n"
    with cli.site.portal.core.open_session() as session:
        for number in range(1, count + 1):
            row = session.get_one(Subscriber, number)
            assert Addresses((NEW,)).of(row) == address(number)
            assert row.canonical == Addresses((NEW,)).name(address(number))
        stored = session.get_one(Monitor, 1).credentials
        assert Credentials((NEW,)).decrypt(stored) == TOKEN
        assert session.get_one(Monitor, 2).credentials is None
    events = recorded(cli.site, "runtime.secrets.reencrypted")
    some = encryption._AT_ONCE
    assert [(one.detail["monitors"], one.detail["channels"]) for one in events] == [
        (0, 1),
        (0, some),
        (0, some),
        (1, 0),
    ]
    assert {one.actor for one in events} == {cli.actor}
    # The earlier key can go now.
    alone = {"PORTAL_SECRET_KEY": NEW}
    assert f"secrets: {count + 1} with the current key\n" in cli.run("check", **alone).output
    assert (
        "credentials of 0 monitors, addresses of 0 channels"
        in cli.run("db", "reencrypt", **alone).output
    )


def test_what_no_key_opens_is_named_and_left_as_it_was(cli: Cli):
    fill(cli, "a key that is gone", range(1, 13))
    fill(cli, earlier(cli), range(21, 22))
    done = cli.run("db", "reencrypt", code=1, PORTAL_SECRET_KEY=NEW)
    assert done.stdout == told(0)
    assert "secrets: monitor m-1 cannot be read; add the key" in done.stderr
    assert "secrets: monitor m-21 cannot be read" in done.stderr
    assert "secrets: 5 more cannot be read" in done.stderr
    assert address(1) not in done.output
    keys = {"PORTAL_SECRET_KEY": NEW, "PORTAL_SECRET_KEY_FALLBACKS": earlier(cli)}
    done = cli.run("db", "reencrypt", code=1, **keys)
    assert done.stdout == told(1)
    assert "m-21" not in done.stderr
    assert "channel https://hooks.slack.com/…ret1 cannot be read" in done.stderr
    said = cli.run("check", **keys)
    assert "secrets: 2 with the current key\n" in said.stdout
    assert "secrets: monitor m-1 cannot be read" in said.stderr
    with cli.site.portal.core.open_session() as session:
        assert Addresses(("a key that is gone",)).of(session.get_one(Subscriber, 1)) == address(1)


def test_a_portal_without_secrets_has_none_to_encrypt(cli: Cli):
    assert "secrets: 0 with the current key\n" in cli.run("check").output
    assert cli.run("db", "reencrypt").output == told(0)
