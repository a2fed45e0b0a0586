"""Incidents and notifications by command, beside a running portal with a mail server."""

import re
from pathlib import Path

import pytest

from tests.notify.post import Post, serving, text_of
from tests.patience import until
from tests.processes import Served

pytestmark = pytest.mark.process


def test_an_incident_from_the_command_line_reaches_a_mailbox(tmp_path: Path):
    with serving(Post()) as post:
        served = Served(
            tmp_path / "data",
            PORTAL_SMTP_URL=f"smtp://127.0.0.1:{post.port}",
            PORTAL_MAIL_FROM="Status <status@example.com>",
            PORTAL_MAIL_RATE="100/second",
        )
        served.environ["PORTAL_EXTERNAL_URL"] = served.address
        with served:
            assert f"mail: 127.0.0.1:{post.port}, offered" in served.run("check")
            subscribe(served, post)
            said = served.run(
                "incident",
                "open",
                "--title",
                "Payments fail",
                "--impact",
                "major",
                "--message",
                "We look into it.",
            )
            reference = said.split()[0]
            captured = served.run("incident", "capture", reference)
            assert re.search(r"sha256 [0-9a-f]{64}", captured)
            served.run(
                "incident",
                "update",
                reference,
                "--status",
                "resolved",
                "--message",
                "Over.",
                code=1,
            )
            served.run(
                "incident",
                "update",
                reference,
                "--status",
                "resolved",
                "--message",
                "Over.",
                "--category",
                "deploy",
            )
            assert "gigvora_metrics_scrapes_total" in served.run("incident", "findings", reference)
            assert "Payments fail" in served.run("incident", "export", reference)
            assert f"{reference}\tresolved\tmajor" in served.run("incident", "list")
            values = [
                f"--value={name}=x"
                for name in ("severity", "title", "start", "impact", "figures", "runbook")
            ]
            shown = served.run("notify", "operations", "--dry-run", *values)
            assert "--- mail: 1 recipients" in shown
            served.run("notify", "operations", *values[1:], code=1)
            assert "1 recipients" in served.run("notify", "operations", *values)
            until(lambda: len(post.taken) == 4, what="the mails")
    subjects = [str(mail["Subject"]).removeprefix("[Portal] ") for _, mail in post.taken[1:]]
    assert subjects[:2] == ["Investigating: Payments fail", "Resolved: Payments fail"]
    assert subjects[2].startswith("Message: ")


def subscribe(served: Served, post: Post) -> None:
    """As a browser without JavaScript does it."""
    form = "address=ada%40example.com&topics=incidents&topics=announcements"
    head = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "text/html"}
    assert served.submit("/subscribe", form, head).status == 200
    until(lambda: post.taken, what="the question")
    link = re.search(r"(/subscribe/\S+)", text_of(post.taken[0][1]))
    assert link
    assert served.submit(link.group(1), "", head).status == 200
