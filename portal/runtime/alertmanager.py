"""What Alertmanager and Grafana send, read as far as it can be.

The sender cannot correct itself and never asks again: texts are cut, what is missing is made up
for, and only what tells of no alert is skipped.
"""

import json
from datetime import datetime
from hashlib import sha256
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    model_validator,
)
from pydantic.alias_generators import to_camel
from pydantic.json_schema import SkipJsonSchema

from portal.schemas import Instant

MOST_ALERTS = 500
MOST_LABELS = 30
_LONGEST = 200


def _text(value: object) -> str:
    """Any JSON value as a text that every database takes."""
    text = "" if value is None else value if isinstance(value, str) else json.dumps(value)
    return text.replace("\x00", "")


def _word(value: object) -> str:
    return _text(value).strip().lower()


def _texts(value: object) -> dict[str, str]:
    if not isinstance(value, dict):
        return {}
    return {_text(name): _text(one) for name, one in value.items()}


def _count(value: object) -> int:
    is_count = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**9
    return value if is_count else 0  # type: ignore[return-value] # it is one


def _or_none(value: object, read: ValidatorFunctionWrapHandler) -> datetime | None:
    """None for the zero time, and for what is no instant of our times: then it means now."""
    try:
        found: datetime | None = read(value)
    except ValidationError:
        return None
    return found


Text = Annotated[str, BeforeValidator(_text)]
Texts = Annotated[dict[str, str], BeforeValidator(_texts)]
Moment = Annotated[Instant | None, WrapValidator(_or_none)]


class _Foreign(BaseModel):
    """Senders may add fields in time; those are their own."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="ignore")


class ForeignAlert(_Foreign):
    """One alert; without a fingerprint it is told apart by its labels."""

    status: Annotated[Literal["firing", "resolved"], BeforeValidator(_word)]
    labels: Texts = {}
    annotations: Texts = {}
    starts_at: Moment = None
    ends_at: Moment = None
    fingerprint: Text = ""

    @model_validator(mode="after")
    def _identify(self) -> "ForeignAlert":
        found = self.fingerprint.strip().lower()
        if not (8 <= len(found) <= 64 and set(found) <= set("0123456789abcdef")):
            if not found and not self.labels:
                raise ValueError("has neither labels nor a fingerprint")
            told = json.dumps([found, self.labels], sort_keys=True)
            found = sha256(told.encode("utf-8", "replace")).hexdigest()[:16]
        self.fingerprint = found
        return self

    @property
    def name(self) -> str:
        return " ".join(self.labels.get("alertname", "").split())[:_LONGEST] or "alert"

    @property
    def severity(self) -> str:
        return "critical" if _word(self.labels.get("severity")) == "critical" else "warning"

    @property
    def title(self) -> str:
        return (" ".join(self.annotations.get("summary", "").split()) or self.name)[:120]

    @property
    def kept_labels(self) -> dict[str, str]:
        """Labels, with the runbook's address among them if it is one for the web; bounded."""
        found = dict(list(self.labels.items())[:MOST_LABELS])
        # What the portal acts on is kept wherever it stands.
        if "component" in self.labels:
            found["component"] = self.labels["component"]
        runbook = self.annotations.get("runbook_url", "")
        if runbook.startswith(("https://", "http://")):
            found["runbook_url"] = runbook
        return {name[:_LONGEST]: value[:_LONGEST] for name, value in found.items()}


class Delivery(_Foreign):
    """One POST: a group of alerts that changed or are told again; the first 500 are taken."""

    version: Text = ""
    alerts: list[ForeignAlert] = []
    truncated_alerts: Annotated[int, BeforeValidator(_count)] = 0
    skipped: SkipJsonSchema[int] = 0

    @model_validator(mode="before")
    @classmethod
    def _read(cls, sent: Any) -> Any:
        """Each alert by itself, so that an odd one costs no other."""
        if not isinstance(sent, dict):
            return sent
        listed = sent.get("alerts")
        every = listed if isinstance(listed, list) else [] if listed is None else [listed]
        group = {"status": sent.get("status")}
        alerts = []
        for one in every[:MOST_ALERTS]:
            try:
                alerts.append(ForeignAlert.model_validate(_with(one, group)))
            except ValidationError:
                continue
        return {**sent, "alerts": alerts, "skipped": len(every) - len(alerts)}


def _with(one: object, group: dict[str, object]) -> object:
    """An alert with the status of its group where it has none."""
    return {**group, **one} if isinstance(one, dict) else one


class Taken(BaseModel):
    """What a delivery changed; `skipped` could not be read, or stood behind the 500th."""

    opened: int = 0
    closed: int = 0
    unchanged: int = 0
    skipped: int = 0
