"""Roles of people and scopes of tokens."""

from enum import StrEnum


class Role(StrEnum):
    """viewer < operator and security < admin; the middle two stand side by side."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    SECURITY = "security"
    ADMIN = "admin"


class Scope(StrEnum):
    """What a token may do."""

    RUNTIME_READ = "runtime:read"
    MAINTENANCE_READ = "maintenance:read"
    MAINTENANCE_WRITE = "maintenance:write"
    INCIDENTS_READ = "incidents:read"
    INCIDENTS_WRITE = "incidents:write"
    PERIMETER_READ = "perimeter:read"
    PERIMETER_WRITE = "perimeter:write"
    ALERTS_PUSH = "alerts:push"
    WORKERS_PUSH = "workers:push"
    MONITORS_READ = "monitors:read"
    MONITORS_WRITE = "monitors:write"
    AUDIT_READ = "audit:read"
    LIFECYCLE_WRITE = "lifecycle:write"


_READING = frozenset(
    {
        Scope.RUNTIME_READ,
        Scope.MAINTENANCE_READ,
        Scope.INCIDENTS_READ,
        Scope.PERIMETER_READ,
        Scope.MONITORS_READ,
    }
)
_SCOPES: dict[Role, frozenset[Scope]] = {
    Role.VIEWER: _READING,
    Role.OPERATOR: _READING
    | {Scope.MAINTENANCE_WRITE, Scope.INCIDENTS_WRITE, Scope.MONITORS_WRITE},
    Role.SECURITY: _READING | {Scope.PERIMETER_WRITE, Scope.AUDIT_READ},
    Role.ADMIN: frozenset(Scope),
}


def allows(role: Role, scope: Scope) -> bool:
    """Whether a person with `role` may do what `scope` names."""
    return scope in _SCOPES[role]
