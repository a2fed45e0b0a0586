"""A snapshot as a file, with an id and a SHA-256; every one is in the audit log."""

import csv
import hashlib
import io
from typing import Any

from portal.audit.log import AuditLog
from portal.runtime.overview import Overview
from portal.runtime.snapshot import Snapshot
from portal.status.incidents import Capture, Incidents
from portal.unit_of_work import By

FORMATS = ("json", "csv")


def to_json(snapshot: Snapshot) -> bytes:
    return snapshot.model_dump_json(by_alias=True, indent=2).encode() + b"\n"


def to_csv(snapshot: Snapshot) -> bytes:
    """One row a figure: its path and its value; what a spreadsheet would run is defused."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(("path", "value"))
    for path, value in _flat("", snapshot.model_dump(mode="json", by_alias=True)):
        writer.writerow((defuse(path), defuse(value)))
    return text.getvalue().encode()


def defuse(value: Any) -> str:
    """A cell that no spreadsheet takes for a formula; numbers stay numbers."""
    text = "" if value is None else str(value)
    if isinstance(value, (int, float)):
        return text
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def _flat(path: str, value: Any) -> list[tuple[str, Any]]:
    if isinstance(value, dict):
        return [
            row
            for name, one in value.items()
            for row in _flat(f"{path}.{name}" if path else str(name), one)
        ]
    if isinstance(value, list):
        return [row for number, one in enumerate(value) for row in _flat(f"{path}[{number}]", one)]
    return [(path, value)]


def export(
    overview: Overview, audit_log: AuditLog, wanted: str, *, actor: str
) -> tuple[Snapshot, bytes, str]:
    """A fresh snapshot in `wanted` format with its SHA-256, recorded in the audit log."""
    snapshot = overview.take()
    body = to_csv(snapshot) if wanted == "csv" else to_json(snapshot)
    digest = hashlib.sha256(body).hexdigest()
    audit_log.append(
        "runtime.snapshot.exported", actor=actor, snapshot=snapshot.id, format=wanted, sha256=digest
    )
    return snapshot, body, digest


def capture(overview: Overview, incidents: Incidents, by: By, reference: str) -> Capture:
    """Keep the snapshot of this moment on an incident; NotFoundError when there is none."""
    return incidents.capture(by, reference, to_json(overview.take()).decode())
