"""The closed list of what can be recorded, each with the fields it must have."""

REQUIRED_FIELDS: dict[str, frozenset[str]] = {
    "account.first_operator.created": frozenset({"name", "role"}),
    "account.operator.created": frozenset({"name", "role"}),
    "account.operator.disabled": frozenset({"name"}),
    "account.password.changed": frozenset({"name"}),
    "account.login.succeeded": frozenset({"name", "address"}),
    "account.login.refused": frozenset({"name", "address", "reason"}),
    "account.logout": frozenset({"name"}),
    "account.token.created": frozenset({"token", "scopes", "expires"}),
    "account.token.revoked": frozenset({"token"}),
    "announcement.created": frozenset({"ref", "severity", "title"}),
    "announcement.changed": frozenset({"ref", "fields"}),
    "announcement.status.changed": frozenset({"ref", "before", "after"}),
    "announcement.undone": frozenset({"ref", "after"}),
    "audit.segment.sealed": frozenset({"first", "last", "head", "file", "sha256"}),
    "audit.spool.taken_in": frozenset({"events", "since", "until", "head", "broken_line"}),
    "database.connection.closed": frozenset({"processes"}),
    "database.connection.established": frozenset({"gap_seconds"}),
    "database.connection.lost": frozenset({"was_up"}),
    "database.connection.shutdown_failed": frozenset({"processes", "size", "borrowed", "pending"}),
    "component.changed": frozenset({"component", "fields"}),
    "component.created": frozenset({"component", "name"}),
    "component.removed": frozenset({"component", "name"}),
    "component.state.changed": frozenset({"component", "before", "after"}),
    "incident.acknowledged": frozenset({"incident"}),
    "incident.captured": frozenset({"incident", "capture", "sha256"}),
    "incident.changed": frozenset({"incident", "fields"}),
    "incident.noted": frozenset({"incident"}),
    "incident.opened": frozenset({"incident", "title", "impact", "components", "started"}),
    "incident.resolved": frozenset({"incident", "category", "resolved"}),
    "incident.updated": frozenset({"incident", "status", "components"}),
    "incident.retrospective.saved": frozenset({"incident", "actions", "published"}),
    "maintenance.freeze.added": frozenset({"freeze", "title", "starts", "ends"}),
    "maintenance.freeze.removed": frozenset({"freeze", "title"}),
    "maintenance.series.approved": frozenset({"ref", "author", "windows"}),
    "maintenance.window.approved": frozenset({"ref", "author"}),
    "maintenance.window.created": frozenset({"ref", "title", "starts", "ends"}),
    "maintenance.window.changed": frozenset({"ref", "fields"}),
    "maintenance.window.started": frozenset({"ref", "starts", "ends"}),
    "maintenance.window.extended": frozenset({"ref", "before", "after"}),
    "maintenance.window.ended": frozenset({"ref", "ends"}),
    "maintenance.window.cancelled": frozenset({"ref"}),
    "maintenance.window.undone": frozenset({"ref"}),
    "maintenance.series.cancelled": frozenset({"ref", "windows"}),
    "maintenance.series.created": frozenset({"ref", "title", "rule", "zone", "windows"}),
    "maintenance.series.planned": frozenset({"ref", "windows"}),
    "maintenance.template.changed": frozenset({"name"}),
    "maintenance.notification.sent": frozenset({"template", "audiences", "recipients"}),
    "maintenance.notification.retried": frozenset({"delivery"}),
    "monitor.changed": frozenset({"monitor", "fields"}),
    "monitor.created": frozenset({"monitor", "kind", "name"}),
    "monitor.paused": frozenset({"monitor"}),
    "monitor.removed": frozenset({"monitor", "name"}),
    "monitor.resumed": frozenset({"monitor"}),
    "monitoring.episode.opened": frozenset({"alert", "value", "threshold", "labels"}),
    "monitoring.episode.closed": frozenset({"alert", "seconds", "labels"}),
    "monitoring.episode.ended": frozenset({"alert", "seconds", "labels"}),
    "monitoring.episode.lapsed": frozenset({"alert", "seconds", "labels"}),
    "monitoring.episode.acknowledged": frozenset({"alert", "subject"}),
    "monitoring.episode.unacknowledged": frozenset({"alert", "subject"}),
    "monitoring.exporter.stale": frozenset({"scraper", "age_seconds", "threshold"}),
    "monitoring.exporter.recovered": frozenset({"scraper", "gap_seconds", "since", "until"}),
    "perimeter.block.created": frozenset({"block", "scope", "value", "kind", "until", "reason"}),
    "perimeter.block.raised": frozenset(
        {"block", "before", "after", "reason", "kind", "scope", "value"}
    ),
    "perimeter.block.extended": frozenset({"block", "before", "after", "reason"}),
    "perimeter.block.removed": frozenset({"block", "value", "until", "reason"}),
    "perimeter.block.undone": frozenset({"block", "value", "until"}),
    "perimeter.block.expired": frozenset({"block", "value", "until"}),
    "runtime.drain.began": frozenset({"by", "reason"}),
    "runtime.drain.called_off": frozenset({"by"}),
    "runtime.restored": frozenset({"file", "last_seq", "last_at"}),
    "runtime.secrets.reencrypted": frozenset({"monitors", "channels"}),
    "runtime.shutdown.completed": frozenset({"by", "clean"}),
    "runtime.shutdown.forced": frozenset({"by"}),
    "runtime.shutdown.initiated": frozenset({"by", "reason", "forced"}),
    "runtime.snapshot.exported": frozenset({"snapshot", "format", "sha256"}),
    "runtime.started": frozenset({"version", "workers"}),
    "runtime.stopped": frozenset({"version"}),
    "subscriber.removed": frozenset({"subscriber", "kind"}),
    "subscriber.webhook.added": frozenset({"subscriber", "host"}),
    "waf.auto_block": frozenset({"block", "value", "offences", "repeats", "until"}),
}


class UnknownEventError(ValueError):
    """The type is not in the list, or a required field is missing."""


def check(event_type: str, detail: dict[str, object]) -> None:
    """Refuse an event that is not declared, or that lacks or adds a field."""
    required = REQUIRED_FIELDS.get(event_type)
    if required is None:
        raise UnknownEventError(f"{event_type} is not a declared event")
    if set(detail) != required:
        raise UnknownEventError(f"{event_type} takes {sorted(required)}, got {sorted(detail)}")


def beginning_with(text: str) -> list[str]:
    """The declared types that begin with a text, such as `maintenance.`."""
    return [one for one in REQUIRED_FIELDS if one.startswith(text)]
