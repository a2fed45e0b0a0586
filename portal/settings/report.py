"""The settings in force, for people: never a secret, only whether there is one."""

from dataclasses import dataclass, fields
from datetime import timedelta
from typing import Any

from portal.settings.fields import Settings, shown


@dataclass(frozen=True)
class SettingInForce:
    """One setting as it is; `is_changed` when it is not its default."""

    variable: str
    value: str
    help: str
    is_changed: bool


def in_force(settings: Settings) -> list[SettingInForce]:
    """Every setting in the order of the table."""
    return [
        SettingInForce(
            variable=f"PORTAL_{entry.name.upper()}",
            value=_value(getattr(settings, entry.name), is_secret=entry.metadata["is_secret"]),
            help=entry.metadata["help"],
            is_changed=getattr(settings, entry.name) != entry.default,
        )
        for entry in fields(Settings)
    ]


def _value(value: Any, *, is_secret: bool) -> str:
    if is_secret:
        return "set, and not shown" if value else "not set"
    if isinstance(value, tuple) and value and hasattr(value[0], "name"):
        return ", ".join(str(one.name) for one in value)
    if isinstance(value, tuple) and value and not isinstance(value[0], timedelta):
        return ", ".join(map(str, value))
    return shown(value)
