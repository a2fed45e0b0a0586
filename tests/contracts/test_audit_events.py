"""The closed list of audit events is what the code writes, event by event and field by field."""

import ast
import re
from collections.abc import Iterator

from portal.audit import events
from portal.audit.chain import AuditEvent
from portal.audit.events import REQUIRED_FIELDS
from tests.contracts.sources import modules, path_of

EVENT = re.compile(r"[a-z_]+(\.[a-z_]+)+")
# What every event has beside its own fields.
COMMON = {"actor", "at"}


# A unit of work knows the actor itself.
WRITERS = {"done", "audit"}


def written() -> Iterator[tuple[str, ast.Call, str]]:
    """Every call that writes an event: where, the call, the event."""
    for path, tree in modules():
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call):
                continue
            for one in node.args:
                if isinstance(one, ast.Constant) and EVENT.fullmatch(str(one.value)):
                    if getattr(node.func, "attr", "") in WRITERS or "actor" in {
                        keyword.arg for keyword in node.keywords
                    }:
                        yield f"{path}:{node.lineno}", node, str(one.value)


def test_what_is_written_is_declared_with_just_these_fields():
    found = list(written())
    assert len(found) > 30
    for where, call, event in found:
        assert event in REQUIRED_FIELDS, where
        names = {keyword.arg for keyword in call.keywords}
        if None not in names:  # no ** in the call: its fields can be read here
            assert names - COMMON == REQUIRED_FIELDS[event], where


def test_what_is_declared_is_written_somewhere():
    texts: set[str] = set()
    beginnings: set[str] = set()
    for path, tree in modules():
        if path == path_of(events):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                texts.add(node.value)
            elif isinstance(node, ast.JoinedStr) and isinstance(node.values[0], ast.Constant):
                beginnings.add(str(node.values[0].value))
    families = tuple(one for one in beginnings if re.fullmatch(r"([a-z_]+\.)+", one))
    for event in REQUIRED_FIELDS:
        assert event in texts or event.startswith(families), f"{event} is never written"


def test_the_names_of_events_fit_their_column():
    longest = AuditEvent.__table__.columns["type"].type.length
    assert max(map(len, REQUIRED_FIELDS)) <= longest
