"""Alerts by kind: what is shown first, what is folded, and what somebody takes care of."""

from datetime import UTC, datetime

from portal.runtime.snapshot import Alert
from portal.web.panel.alert_groups import SHOWN, grouped

AT = datetime(2030, 6, 3, 12, tzinfo=UTC)


def alert(id: str, subject: str = "", severity: str = "warning", by: str | None = None) -> Alert:
    return Alert(
        id=id,
        title=id,
        severity=severity,
        since=AT,
        value=1,
        threshold=0,
        unit="x",
        labels={},
        runbook="",
        subject=subject,
        acknowledged_at=AT if by else None,
        acknowledged_by=by,
    )


def names(groups: list) -> list[str]:
    return [f"{one.first.id} {len(one.all)}" for one in groups]


def test_alerts_of_one_kind_are_one_row_and_the_urgent_come_first():
    found = grouped(
        [
            alert("late", "a"),
            alert("near"),
            alert("late", "b"),
            alert("down", severity="critical"),
            alert("slow"),
            alert("odd"),
            alert("waf-spike"),
            alert("late", "c", by="ada"),
            alert("dull", by="ada"),
        ]
    )
    assert names(found.shown) == ["down 1", "waf-spike 1", "late 2"]
    assert len(found.shown) == SHOWN
    assert names(found.more) == ["near 1", "slow 1", "odd 1"]
    assert names(found.acknowledged) == ["late 1", "dull 1"]
    assert found.open == 7
    assert [found.shown[0].tone, found.shown[1].tone] == ["bad", "warn"]


def test_nothing_is_no_group():
    found = grouped([])
    assert (found.shown, found.more, found.acknowledged, found.open) == ([], [], [], 0)
