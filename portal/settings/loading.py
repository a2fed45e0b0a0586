"""Loading the settings from the environment, with a sentence for each that is wrong."""

import os
import secrets
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from portal.settings.fields import Settings

MIN_SECRET_CHARACTERS = 32
# Settings that had another name before.
RENAMED = {
    "PORTAL_SECOND_PAIR_OF_EYES": "PORTAL_REQUIRE_APPROVAL",
    "PORTAL_PUBLISH_BY_ITSELF": "PORTAL_AUTO_PUBLISH",
}


class SettingsError(Exception):
    """One or more settings are wrong; `problems` holds a sentence for each."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def load(environ: Mapping[str, str] | None = None, **overrides: Any) -> Settings:
    """Read, parse and validate the environment; SettingsError tells every problem at once."""
    source = os.environ if environ is None else environ
    values: dict[str, Any] = {}
    problems: list[str] = []
    known = {f"PORTAL_{entry.name.upper()}" for entry in fields(Settings)}
    for name in sorted(source):
        variable = name.removesuffix("_FILE")
        if variable in RENAMED:
            problems.append(f"{variable} was renamed to {RENAMED[variable]}")
        elif name.startswith("PORTAL_") and variable not in known:
            problems.append(f"{name} is not a setting; see docs/settings.md")
    for entry in fields(Settings):
        variable = f"PORTAL_{entry.name.upper()}"
        raw = source.get(variable)
        path = source.get(f"{variable}_FILE")
        if path:
            if raw is not None:
                problems.append(f"{variable} and {variable}_FILE are both set; remove one")
            try:
                raw = Path(path).read_text(encoding="utf-8").strip()
            except OSError as error:
                problems.append(f"{variable}_FILE: {path} cannot be read ({error.strerror})")
                continue
        if raw is None:
            continue
        try:
            values[entry.name] = entry.metadata["parse"](raw)
        except ValueError as error:
            shown = "" if entry.metadata["is_secret"] else f" (got {raw!r})"
            problems.append(f"{variable}: {error}{shown}")
    settings = Settings(**{**values, **overrides}) if not problems else None
    if settings is not None:
        problems += _weaknesses(settings)
    if problems or settings is None:
        raise SettingsError(problems)
    return settings


def _weaknesses(settings: Settings) -> list[str]:
    problems = []
    for token in settings.metrics_tokens:
        if len(token.secret) < MIN_SECRET_CHARACTERS and settings.env != "test":
            problems.append(
                f"PORTAL_METRICS_TOKENS: the token of {token.name} is shorter than"
                f" {MIN_SECRET_CHARACTERS} characters"
            )
    if settings.smtp_url is not None and not settings.mail_from:
        problems.append("PORTAL_MAIL_FROM must be set when PORTAL_SMTP_URL is set")
    if settings.smtp_url is not None and not settings.external_url and settings.env != "test":
        problems.append(
            "PORTAL_EXTERNAL_URL must be set when PORTAL_SMTP_URL is set, for the links in mails"
        )
    declared = {worker.name for worker in settings.workers_declared}
    for queue in settings.worker_queues:
        if queue.worker not in declared:
            problems.append(
                f"PORTAL_WORKER_QUEUES: {queue.worker} is not in PORTAL_WORKERS_DECLARED"
            )
    if "notifications" in declared or "portal" in declared:
        problems.append("PORTAL_WORKERS_DECLARED: the names portal and notifications are reserved")
    if not settings.is_production:
        return problems
    if len(settings.secret_key) < MIN_SECRET_CHARACTERS:
        problems.append(
            f"PORTAL_SECRET_KEY must have {MIN_SECRET_CHARACTERS} characters or more in"
            " production; generate one with: openssl rand -hex 32"
        )
    if any(len(key) < MIN_SECRET_CHARACTERS for key in settings.secret_key_fallbacks):
        problems.append(
            f"PORTAL_SECRET_KEY_FALLBACKS: each key must have {MIN_SECRET_CHARACTERS} characters or"
            " more in production"
        )
    if not settings.external_url.startswith("https://") and not settings.insecure_cookies:
        problems.append(
            "PORTAL_EXTERNAL_URL must begin with https:// in production, to protect the session"
            " cookie; PORTAL_INSECURE_COOKIES=on allows http://"
        )
    if not settings.trusted_hosts:
        problems.append("PORTAL_TRUSTED_HOSTS must list the portal's host names in production")
    return problems


def kept_secret(data_dir: Path, name: str) -> str:
    """A secret of this development copy: read from the data directory, made once if absent."""
    path = data_dir / name
    data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text(encoding="utf-8").strip()
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        secret = secrets.token_hex(32)
        file.write(secret)
    return secret
