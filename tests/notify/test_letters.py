"""The bytes of a mail: what a title says stays in its header."""

import email
import email.policy
from types import SimpleNamespace
from typing import Any

import pytest

from portal.notify.channels.letters import Letters
from tests.instants import NOW

pytestmark = pytest.mark.unit
HEADERS = {"From", "To", "Subject", "Date", "Auto-Submitted", "X-Auto-Response-Suppress"}


@pytest.mark.parametrize(
    "title",
    [
        "Plain",
        "Bäckerei, 日本, 🎈",
        "=?utf-8?q?=0d=0aBcc:=20eve@example.com?=",
        "=?utf-8?b?DQpCY2M6IGV2ZUBleGFtcGxlLmNvbQ==?= and more",
        "=?iso-8859-1?q?=0aX-Evil:_1?=",
        "One =?utf-8?q?=0d=0a?= two =?utf-8?q?=0d=0aBcc:=20eve@example.com?=",
        "x" * 300,
    ],
)
def test_no_title_becomes_a_header_of_its_own(title: str):
    letters = Letters(
        say=lambda _, text: text,
        sender="status@portal.example",
        site="Status",
        url="https://s.example",
        links=None,
        render=None,
    )
    claim: Any = SimpleNamespace(
        subscriber=SimpleNamespace(address="ada@example.org"),
        notice=SimpleNamespace(created_at=NOW),
    )
    raw = letters._mail(claim, f"[Status] {title}", "text", "<p>text</p>", {})
    head = raw.split(b"\r\n\r\n", 1)[0]
    names = {line.split(b":")[0].decode() for line in head.split(b"\r\n") if line[:1] not in b" \t"}
    assert names - {"MIME-Version", "Content-Type"} == HEADERS
    read = email.message_from_bytes(raw, policy=email.policy.SMTP)
    assert read["Subject"].replace("= ?", "=?") == f"[Status] {title}"
