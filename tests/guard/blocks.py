"""Blocks by their writer: added, acted on, and what was logged last."""

from typing import Any

from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from portal.audit import search
from portal.guard import blocks
from portal.guard.blocks import Block, BlockAct, BlockIn, Blocks
from portal.unit_of_work import By
from tests.clocks import StandingClock

WHO = "192.0.2.1"


def add(writer: Blocks, value: str = WHO, **values: Any) -> Block:
    given = {"scope": "ip", "value": value, "reason": "r", "duration": "1h", **values}
    return writer.add(By("ada"), BlockIn(**given), caller="198.51.100.1")


def act(writer: Blocks, ref: str, action: str = "extend", **values: Any) -> Block:
    version = values.pop("version", None)
    given = BlockAct(action=action, **values)
    return writer.act(By("bob", version=version), ref, given, caller="198.51.100.1")


def logged(writer: Blocks) -> tuple[str, dict[str, Any]]:
    with writer.open_session() as session:
        (event, *_), _ = search.search(session)
    return event.type, event.detail


def active(writer: Blocks, still: StandingClock) -> list[str]:
    with writer.open_session() as session:
        return [row.value for row in blocks.active(session, now=still.now())]


def away() -> Session:
    raise OperationalError("", {}, Exception())
