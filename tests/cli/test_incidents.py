"""`portal incident`: opened, updated, resolved, and its figures given out."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import select

from portal import clock
from portal.status import incidents
from portal.status.components import ComponentIn
from portal.status.incidents import Capture, Category, Incident
from portal.status.retrospectives import RetrospectiveIn
from portal.unit_of_work import By
from tests.cli.conftest import Cli
from tests.clocks import StandingClock
from tests.instants import NOW
from tests.web.pages import recorded

REFERENCE = "INC-2030-0001"


def open_one(cli: Cli, *more: str, code: int = 0) -> str:
    result = cli.run(
        "incident",
        "open",
        "--title",
        "Slow answers",
        "--impact",
        "major",
        "--message",
        "We look.",
        *more,
        code=code,
    )
    return result.output


def resolve(cli: Cli) -> None:
    cli.run(
        "incident",
        "update",
        REFERENCE,
        "--status",
        "resolved",
        "--message",
        "Over.",
        "--category",
        "capacity",
    )


def stored(cli: Cli) -> Incident:
    with cli.site.portal.core.open_session() as session:
        row = incidents.find(session, REFERENCE)
    assert row is not None
    return row


def impacts(cli: Cli) -> dict[str, str]:
    with cli.site.portal.core.open_session() as session:
        found = incidents.impacts_of(session, [stored(cli).id])
    return {one.component: one.state.value for many in found.values() for one in many}


def test_an_incident_is_opened_told_and_resolved(cli: Cli, still: StandingClock):
    cli.site.portal.status.components.add(By("a"), ComponentIn(slug="api", name="The API"))
    assert open_one(cli, "--component", "api=major_outage") == f"{REFERENCE} is open.\n"
    assert impacts(cli) == {"api": "major_outage"}
    still.advance(seconds=1)  # the web looks twice a second
    assert "Slow answers" in cli.site.client().get("/").text
    still.advance(minutes=19, seconds=59)
    said = cli.run(
        "incident",
        "update",
        REFERENCE,
        "--status",
        "identified",
        "--message",
        "The disk.",
        "--component",
        "api=degraded_performance",
    ).output
    assert said == f"{REFERENCE} is identified.\n"
    assert impacts(cli) == {"api": "degraded_performance"}
    resolve(cli)
    row = stored(cli)
    assert (row.resolved_at, row.root_cause_category) == (
        NOW + timedelta(minutes=20),
        Category.CAPACITY,
    )
    assert {one.actor for one in recorded(cli.site, "incident")} == {cli.actor}
    listed = cli.run("incident", "list").output.strip().split("\t")
    assert listed == [
        REFERENCE,
        "resolved",
        "major",
        clock.iso(NOW),
        clock.iso(NOW + timedelta(minutes=20)),
        "Slow answers",
    ]


def test_one_that_goes_on_has_no_end_in_the_list(cli: Cli):
    open_one(cli, "--audience", "operations")
    assert cli.run("incident", "list").output.split("\t")[4] == "-"
    assert stored(cli).audiences == ["operations"]
    assert "Slow answers" not in cli.site.client().get("/").text


@pytest.mark.parametrize(
    ("more", "said", "code"),
    [
        (("--component", "none=major_outage"), "components: No component has the slug none.", 1),
        (("--component", "api=on_fire"), "components.0.state", 1),
        (("--component", "api"), "is not name=text", 2),
        (("--audience", "everyone"), "everyone", 2),
    ],
)
def test_an_incident_that_cannot_be_is_a_sentence(
    cli: Cli, more: tuple[str, ...], said: str, code: int
):
    assert said in open_one(cli, *more, code=code)
    assert recorded(cli.site, "incident") == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            (REFERENCE, "--status", "resolved", "--message", "Over."),
            "rootCauseCategory: Choose a root cause",
        ),
        ((REFERENCE, "--status", "identified", "--message", ""), "message:"),
        (
            (REFERENCE, "--status", "identified", "--message", "x", "--category", "deploy"),
            "rootCauseCategory: The root cause can be set only when the incident is resolved.",
        ),
        (
            ("INC-2030-0099", "--status", "identified", "--message", "x"),
            "No incident has that reference.",
        ),
    ],
)
def test_an_update_that_cannot_be_tells_nobody(cli: Cli, arguments: tuple[str, ...], said: str):
    open_one(cli)
    assert said in cli.run("incident", "update", *arguments, code=1).stderr
    assert stored(cli).version == 1


def test_the_figures_of_a_moment_are_kept_and_given_out(cli: Cli):
    open_one(cli)
    said = cli.run("incident", "capture", REFERENCE).output.split()
    with cli.site.portal.core.open_session() as session:
        kept = session.scalars(select(Capture)).one()
    assert said == [kept.id, "sha256", kept.sha256]
    assert json.loads(kept.body)["databasePool"]["engine"] == "sqlite"
    findings = cli.run("incident", "findings", REFERENCE).output
    assert "gigvora_database_pool_size" in findings
    resolve(cli)
    cli.site.portal.status.retrospectives.save(
        By("a"),
        REFERENCE,
        RetrospectiveIn(root_cause_category=Category.DEPLOY, root_cause="A full disk."),
    )
    told = cli.run("incident", "export", REFERENCE).output
    for wanted in (
        f"# {REFERENCE}: Slow answers",
        "A full disk.",
        "We look.",
        "Over.",
        kept.sha256,
    ):
        assert wanted in told, wanted


@pytest.mark.parametrize("act", ["capture", "findings", "export"])
def test_of_what_is_not_there_nothing_is_given_out(cli: Cli, act: str):
    refused = cli.run("incident", act, "INC-2030-0099", code=1)
    assert "No incident has that reference." in refused.stderr
