"""Chats of operators: they hear everything, quietly, and tell no secret."""

import logging

from portal.notify.channels import chat
from portal.notify.messages import quiet
from portal.unit_of_work import By
from tests.conftest import Build
from tests.notify.deliveries import Told, an_incident, states
from tests.notify.targets import listening, plain


def test_operators_hear_everything_in_their_chat(build: Build):
    given = an_incident(audiences=["operations"], message="Look, @everyone and <!channel>!")
    with listening(plain(200)) as server:
        chats = (f"ntfy://127.0.0.1:{server.server_port}/oncall",)
        site = build(operator_channels=chats, external_url="https://status.example.com")
        with Told(site) as told:
            site.portal.status.incidents.open(By("test"), given)
            told.run()
        (call,) = server.calls  # type: ignore[attr-defined]
    said = f"{call[1]} {call[2].decode()}"
    assert "Payments fail" in said
    assert "@everyone" not in said
    assert "<!channel>" not in said
    assert states(site) == {"sent": 1}


def test_a_chat_that_is_down_is_tried_again(build: Build):
    with listening(plain(500)) as server:
        site = build(operator_channels=(f"ntfy://127.0.0.1:{server.server_port}/oncall",))
        with Told(site) as told:
            site.portal.status.incidents.open(By("test"), an_incident())
            told.run()
    assert states(site) == {"pending": 1}


def test_names_of_chats_tell_no_secret():
    addresses = ("slack://T0000/B0000/secret", "ntfys://user:word@ntfy.example.com/topic")
    assert chat.names(addresses) == ["1-slack", "2-ntfys"]


def test_the_library_says_nothing_of_what_fails():
    assert chat.check(("json://127.0.0.1:9", "nothing://x")) == ["2-nothing"]
    assert not logging.getLogger("apprise").isEnabledFor(logging.CRITICAL)


def test_mentions_are_quiet():
    assert "@here" not in quiet("look @here and @All")
    assert quiet("ada@example.com") == "ada@example.com"
