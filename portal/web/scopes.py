"""The table of who may: each endpoint with its scope, by noun; what is not in it is refused."""

from portal.accounts.roles import Scope

PUBLIC = "public"


def _views(scope: str | Scope, blueprint: str, names: str) -> dict[str, str | Scope]:
    return {f"{blueprint}.{name}": scope for name in names.split()}


# endpoint -> PUBLIC, or the scope that a token or a person's role must have.
TABLE: dict[str, str | Scope] = {
    "static": PUBLIC,
    **_views(PUBLIC, "openapi", "spec"),
    **_views(
        PUBLIC,
        "public",
        "banner board component docs document embed maintenance page status statuspage",
    ),
    **_views(PUBLIC, "records", "history incident window"),
    **_views(PUBLIC, "subscriptions", "ask confirm end manage sent"),
    **_views(PUBLIC, "codes", "answer"),
    **_views(PUBLIC, "health", "live metrics pointer ready startup"),
    **_views(PUBLIC, "accounts", "first_run sign_in"),
    **_views(Scope.RUNTIME_READ, "accounts", "sign_out"),
    **_views(Scope.RUNTIME_READ, "panel", "export runbook runtime"),
    **_views(Scope.AUDIT_READ, "audit", "export listing"),
    **_views(Scope.RUNTIME_READ, "settings", "page"),
    **_views(
        Scope.MAINTENANCE_WRITE, "settings", "create_template edit_template new_template template"
    ),
    **_views(Scope.RUNTIME_READ, "cards", "alerts card poll"),
    **_views(Scope.RUNTIME_READ, "runtime_api", "export health"),
    **_views(Scope.AUDIT_READ, "runtime_api", "audit"),
    **_views(PUBLIC, "runtime_api", "schema"),
    **_views(Scope.LIFECYCLE_WRITE, "runtime_api", "drain"),
    **_views(Scope.RUNTIME_READ, "workers_api", "listing"),
    **_views(Scope.WORKERS_PUSH, "workers_api", "report"),
    **_views(Scope.ALERTS_PUSH, "alerts_api", "receive"),
    **_views(Scope.INCIDENTS_WRITE, "alerts_api", "acknowledge end"),
    **_views(Scope.INCIDENTS_READ, "alerts_api", "offer"),
    **_views(Scope.INCIDENTS_WRITE, "alerts", "acknowledge end withdraw"),
    **_views(Scope.PERIMETER_READ, "blocks_api", "listing one"),
    **_views(Scope.PERIMETER_WRITE, "blocks_api", "act create remove"),
    **_views(Scope.PERIMETER_READ, "blocks", "listing"),
    **_views(Scope.PERIMETER_WRITE, "blocks", "act block remove_several undo"),
    **_views(Scope.MAINTENANCE_READ, "maintenance", "listing"),
    **_views(Scope.MAINTENANCE_READ, "windows", "one"),
    **_views(Scope.MAINTENANCE_READ, "announcements", "one"),
    **_views(Scope.MAINTENANCE_WRITE, "windows", "act create edit new show_preview start_now undo"),
    **_views(Scope.MAINTENANCE_READ, "windows_api", "listing one"),
    **_views(Scope.MAINTENANCE_WRITE, "windows_api", "act cancel create replace"),
    **_views(Scope.MAINTENANCE_READ, "series_api", "listing one preview"),
    **_views(Scope.MAINTENANCE_WRITE, "series_api", "approve cancel create"),
    **_views(Scope.MAINTENANCE_WRITE, "series", "approve cancel"),
    **_views(Scope.MAINTENANCE_WRITE, "freezes", "add remove"),
    **_views(Scope.MAINTENANCE_READ, "freezes_api", "listing"),
    **_views(Scope.MAINTENANCE_WRITE, "freezes_api", "create remove"),
    **_views(
        Scope.MAINTENANCE_WRITE, "announcements", "create edit new set_status show_preview undo"
    ),
    **_views(Scope.MAINTENANCE_READ, "announcements_api", "listing one"),
    **_views(Scope.MAINTENANCE_WRITE, "announcements_api", "change_status create replace"),
    **_views(Scope.MAINTENANCE_READ, "templates_api", "listing"),
    **_views(Scope.MAINTENANCE_WRITE, "templates_api", "save"),
    **_views(Scope.INCIDENTS_READ, "incidents", "listing one"),
    **_views(
        Scope.INCIDENTS_WRITE,
        "incidents",
        "acknowledge capture create new note show_preview show_update_preview update",
    ),
    **_views(Scope.INCIDENTS_WRITE, "incident_details", "edit one"),
    **_views(Scope.INCIDENTS_READ, "incidents_api", "captured findings_of listing one prepared"),
    **_views(
        Scope.INCIDENTS_WRITE, "incidents_api", "acknowledge capture create note replace update"
    ),
    **_views(Scope.INCIDENTS_WRITE, "retrospectives", "one save"),
    **_views(Scope.INCIDENTS_READ, "retrospectives_api", "export one"),
    **_views(Scope.INCIDENTS_WRITE, "retrospectives_api", "save"),
    **_views(Scope.INCIDENTS_READ, "components", "listing"),
    **_views(Scope.INCIDENTS_WRITE, "components", "create edit one remove set_state undo"),
    **_views(Scope.INCIDENTS_READ, "components_api", "listing"),
    **_views(Scope.INCIDENTS_WRITE, "components_api", "create remove replace set_state"),
    **_views(PUBLIC, "heartbeats", "done ended said"),
    **_views(PUBLIC, "latency", "chart"),
    **_views(Scope.MONITORS_READ, "monitors", "listing one"),
    **_views(Scope.MONITORS_WRITE, "guide", "add_monitor show"),
    **_views(Scope.INCIDENTS_WRITE, "guide", "add_component"),
    **_views(
        Scope.MONITORS_WRITE, "monitors", "act create duplicate edit form new remove show_test undo"
    ),
    **_views(Scope.MONITORS_READ, "monitors_api", "latency listing one"),
    **_views(Scope.MONITORS_WRITE, "monitors_api", "act create duplicate remove replace test"),
    **_views(Scope.MAINTENANCE_READ, "notifications_api", "dead listing"),
    **_views(
        Scope.MAINTENANCE_WRITE, "notifications_api", "add listing_subscribers notify remove retry"
    ),
    **_views(Scope.MAINTENANCE_READ, "notifications", "listing"),
    **_views(Scope.MAINTENANCE_WRITE, "notifications", "add_webhook new remove retry"),
}

# Forms of people without a session: there is no session that a foreign page could misuse.
WITHOUT_SESSION = {
    "accounts.first_run",
    "accounts.sign_in",
    "subscriptions.ask",
    "subscriptions.confirm",
    "subscriptions.manage",
    "subscriptions.end",
    "codes.answer",
    "heartbeats.done",
    "heartbeats.ended",
    "heartbeats.said",
}

# Where a GET or a HEAD acts: cron jobs call a heartbeat with what they have. Nowhere else.
ACTS_ON_READ = {"heartbeats.done", "heartbeats.ended", "heartbeats.said"}
