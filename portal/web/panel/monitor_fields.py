"""The fields of a monitor's form, by kind: how each is shown, and how it is read again."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from flask import request

from portal.monitors.kinds.answers import Operator
from portal.monitors.monitor import Kind
from portal.monitors.schemas import MonitorOut
from portal.web.panel import forms


@dataclass(frozen=True)
class FormField:
    """One field; `type` is how it is typed: text, number, area, check, choice, lines or pairs."""

    name: str
    label: str
    type: str = "text"
    hint: str = ""
    options: tuple[str, ...] = ()
    is_required: bool = False
    default: str = ""
    # Left closed in the form, for those who know what they want.
    is_more: bool = False
    is_secret: bool = False


URL = FormField("url", "Address", "url", is_required=True)
HOST = FormField("host", "Host", is_required=True)
PORT = FormField("port", "Port", "number", is_required=True)
VERIFY = FormField("verifyTls", "Verify the certificate", "check", default="on", is_more=True)
PASSWORD = FormField("password", "Password", "secret", is_secret=True, is_more=True)
USERNAME = FormField("username", "User name", is_more=True)
BEARER = FormField("bearerToken", "Bearer token", "secret", is_secret=True, is_more=True)

FIELDS: dict[Kind, tuple[FormField, ...]] = {
    Kind.HTTP: (
        URL,
        FormField(
            "expectedStatus",
            "Expected status",
            hint="Codes and ranges, such as 200-299, 301.",
            default="200-299",
        ),
        FormField("textPresent", "Text that must be there"),
        FormField(
            "method",
            "Method",
            "choice",
            options=("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"),
            default="GET",
            is_more=True,
        ),
        FormField("textAbsent", "Text that must not be there", is_more=True),
        FormField(
            "assertions",
            "What must hold in the JSON",
            "assertions",
            hint="One a line: $.status == ok, $.queue < 500, $.version exists.",
            is_more=True,
        ),
        FormField(
            "expectedHeaders",
            "Expected headers",
            "pairs",
            hint="One a line: Content-Type: json. The value is a part of the header.",
            is_more=True,
        ),
        FormField("headers", "Headers", "pairs", hint="One a line: Name: value.", is_more=True),
        FormField("body", "Body", "area", is_more=True),
        USERNAME,
        PASSWORD,
        BEARER,
        FormField(
            "secretHeaders",
            "Secret headers",
            "secret_pairs",
            hint="One a line: Name: value. Encrypted, and never shown again.",
            is_secret=True,
            is_more=True,
        ),
        FormField("followRedirects", "Follow redirects", "check", default="on", is_more=True),
        VERIFY,
        FormField("http2", "HTTP/2 where the server offers it", "check", is_more=True),
    ),
    Kind.TCP: (HOST, PORT),
    Kind.TLS: (
        HOST,
        FormField("port", "Port", "number", is_required=True, default="443"),
        FormField("serverName", "Name in the certificate", hint="If not the host.", is_more=True),
        VERIFY,
    ),
    Kind.DNS: (
        FormField("host", "Name", is_required=True),
        FormField(
            "recordType",
            "Record",
            "choice",
            options=("A", "AAAA", "CAA", "CNAME", "MX", "NS", "PTR", "SOA", "SRV", "TXT"),
            default="A",
        ),
        FormField(
            "expectedAnswers",
            "Expected answers",
            "lines",
            hint="One a line. Leave empty to accept any.",
        ),
        FormField(
            "expectedCode",
            "Answer code",
            "choice",
            options=("NOERROR", "NXDOMAIN", "SERVFAIL", "REFUSED"),
            default="NOERROR",
            is_more=True,
        ),
        FormField(
            "resolver",
            "Name server",
            hint="An address such as 192.0.2.53. Leave empty for the system's.",
            is_more=True,
        ),
    ),
    Kind.PING: (
        HOST,
        FormField("packets", "Packets", "number", default="3", is_more=True),
        FormField(
            "mostLossPercent", "Loss that is accepted (%)", "number", default="99", is_more=True
        ),
    ),
    Kind.GRPC: (
        HOST,
        PORT,
        FormField("service", "Service", hint="Leave empty for the whole server."),
        FormField("tls", "TLS", "check"),
    ),
    Kind.WEBSOCKET: (
        FormField("url", "Address", is_required=True, hint="Begins with wss:// or ws://."),
        FormField("headers", "Headers", "pairs", hint="One a line: Name: value.", is_more=True),
        USERNAME,
        PASSWORD,
        BEARER,
        VERIFY,
    ),
    Kind.SMTP: (
        HOST,
        FormField("port", "Port", "number", is_required=True, default="25"),
        FormField("security", "Security", "choice", options=("none", "starttls", "tls")),
        FormField("textPresent", "Text in the greeting", is_more=True),
        VERIFY,
    ),
    Kind.POSTGRES: (
        HOST,
        FormField("port", "Port", "number", is_required=True, default="5432"),
        FormField("database", "Database", default="postgres"),
        FormField("username", "User name", default="postgres"),
        FormField("password", "Password", "secret", is_secret=True),
        FormField(
            "sslMode",
            "TLS",
            "choice",
            options=("disable", "prefer", "require", "verify-full"),
            default="prefer",
            is_more=True,
        ),
    ),
    Kind.REDIS: (
        HOST,
        FormField("port", "Port", "number", is_required=True, default="6379"),
        USERNAME,
        PASSWORD,
        FormField("tls", "TLS", "check"),
        VERIFY,
    ),
    Kind.PROMETHEUS: (
        FormField("url", "Address of Prometheus", "url", is_required=True),
        FormField("query", "Query", "area", is_required=True),
        FormField("condition", "Condition", is_required=True, hint="Such as < 500 or >= 0.99."),
        USERNAME,
        PASSWORD,
        BEARER,
        VERIFY,
    ),
    Kind.HEARTBEAT: (
        FormField(
            "period",
            "Expected every",
            hint="Such as 5m, 1h or 1d. Or a cron schedule below.",
            default="1d",
        ),
        FormField("schedule", "Cron schedule", hint="Five fields, such as 0 2 * * 1-5."),
        FormField("zone", "Time zone of the schedule", default="UTC"),
        FormField("grace", "Grace", hint="How late it may be, such as 30m.", default="1h"),
    ),
}


def values(kind: Kind) -> dict[str, Any]:
    """What a form says of the fields of its kind, as the API would have it."""
    found: dict[str, Any] = {}
    for field in FIELDS[kind]:
        if field.type == "check":
            found[field.name] = field.name in request.form
            continue
        text = forms.text(field.name).strip()
        if field.name in ("period", "grace"):
            if text:
                found[f"{field.name}Seconds"] = _seconds(text)
        elif field.type in ("pairs", "secret_pairs"):
            if text or field.type == "pairs":
                found[field.name] = _pairs(text)
        elif field.type == "assertions":
            found[field.name] = [_assertion(line) for line in _lines(text)]
        elif field.type == "lines":
            found[field.name] = list(_lines(text))
        elif text:
            found[field.name] = text
    if kind is Kind.HEARTBEAT and found.get("schedule"):
        found.pop("periodSeconds", None)
    for name in request.form.getlist("forget"):
        found[name] = {} if name == "secretHeaders" else ""
    return found


def filled(kind: Kind, shown: MonitorOut | None) -> dict[str, str]:
    """The fields of a kind as its form holds them: of a monitor, or by default."""
    if shown is None:
        return {field.name: field.default for field in FIELDS[kind]}
    found: dict[str, str] = {}
    stored = shown.model_dump(mode="json", by_alias=True)
    for field in FIELDS[kind]:
        value = stored.get(field.name)
        if field.is_secret:
            continue
        if field.name in ("period", "grace"):
            seconds = stored.get(f"{field.name}Seconds")
            found[field.name] = _duration(seconds) if seconds else ""
        elif field.type == "check":
            found[field.name] = "on" if value else ""
        elif field.type == "pairs":
            found[field.name] = "\n".join(f"{name}: {one}" for name, one in (value or {}).items())
        elif field.type == "assertions":
            lines = [f"{one['path']} {one['operator']} {one['value']}" for one in value or []]
            found[field.name] = "\n".join(lines).replace(" exists true", " exists")
        elif field.type == "lines":
            found[field.name] = "\n".join(value or [])
        else:
            found[field.name] = "" if value is None else str(value)
    return found


def _lines(text: str) -> Iterable[str]:
    return [line.strip() for line in text.split("\n") if line.strip()]


def _pairs(text: str) -> dict[str, str]:
    pairs = (line.partition(":") for line in _lines(text))
    return {name.strip(): value.strip() for name, _, value in pairs}


def _assertion(line: str) -> dict[str, str]:
    """`$.queue < 500`; what is no assertion is for the schema to refuse."""
    for operator in sorted(Operator, key=len, reverse=True):
        path, found, value = line.partition(f" {operator}")
        if found and (not value or value.startswith(" ")):
            value = value.strip() or ("true" if operator is Operator.EXISTS else "")
            return {"path": path.strip(), "operator": operator.value, "value": value}
    return {"path": line, "operator": line[:20]}


def _seconds(text: str) -> Any:
    from portal import durations

    try:
        return int(durations.parse(text).total_seconds())
    except ValueError as error:
        return ValueError(f"{error}.")


def _duration(seconds: int) -> str:
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "m")):
        if seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"
