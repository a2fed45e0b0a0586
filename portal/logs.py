"""Logging: one JSON object a line on standard error, with secrets left out.

A line that cannot be written, on a full disk say, is dropped and counted: a service that falls
because it cannot say something helps nobody. JSON escapes line ends, so nobody can write a line
of their own by what they send.
"""

import logging
import re
import sys
import threading
from collections.abc import MutableMapping
from typing import IO, Any

# structlog loads rich where it finds it, for tracebacks in colour: 5 MB that no line of ours uses.
_is_loaded = "rich" in sys.modules
if not _is_loaded:
    sys.modules["rich"] = None  # type: ignore[assignment]
import structlog  # noqa: E402

if not _is_loaded:
    del sys.modules["rich"]
from portal import clock  # noqa: E402

SECRET_NAMES = re.compile(
    r"authorization|cookie|password|secret|token|api[-_]?key|csrf|signature", re.IGNORECASE
)
# What stands in texts: bearer tokens, tokens of ours, a password in an address, one in a query.
_SECRETS_IN_TEXT = (
    (re.compile(r"(?i)\b(bearer|basic)\s+[^\s\"',]+"), r"\1 [redacted]"),
    (re.compile(r"://([^/\s:@]*):[^@/\s]+@"), r"://\1:[redacted]@"),
    (re.compile(r"(?i)\b(token|password|secret|key|signature|sig)=[^&\s\"']+"), r"\1=[redacted]"),
    # The whole of it is one: whoever has it writes into the channel.
    (re.compile(r"(?i)\b(hooks\.slack(?:-gov)?\.com/services/)[^\s\"']+"), r"\1[redacted]"),
)
_REDACTED = "[redacted]"
_LONGEST = 8000
REPEATED_AFTER_SECONDS = 30.0
_MOST_REMEMBERED = 200

_dropped = 0
_counting = threading.Lock()


def take_dropped() -> int:
    """How many lines this process has dropped since the last time it was asked."""
    global _dropped
    with _counting:
        taken, _dropped = _dropped, 0
    return taken


def _write(stream: IO[bytes], line: str) -> None:
    global _dropped
    try:
        stream.write(line.encode("utf-8", "replace") + b"\n")
    except (OSError, ValueError):
        with _counting:
            _dropped += 1


class Lines:
    """What structlog writes to."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream

    def msg(self, message: str) -> None:
        _write(self._stream, message)

    log = debug = info = warn = warning = msg
    fatal = failure = err = error = critical = exception = msg


def redacted(value: Any, name: str = "") -> Any:
    """`value` without what must not be written down; nested ones too."""
    if name and SECRET_NAMES.search(name):
        return _REDACTED
    if isinstance(value, str):
        for pattern, replacement in _SECRETS_IN_TEXT:
            value = pattern.sub(replacement, value)
        return value[:_LONGEST]
    if isinstance(value, dict):
        return {key: redacted(one, str(key)) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [redacted(one) for one in value]
    return value


def _redact(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return {key: redacted(value, str(key)) for key, value in event.items()}


class Repeats:
    """Drops a warning that says what one of the last half minute said; the next one counts them.

    What looks for the database ten times a second would otherwise say so each time it is away.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        # What was said → when it was written last, and how often it was dropped since.
        self._said: dict[str, tuple[float, int]] = {}

    def __call__(
        self, _: Any, level: str, event: MutableMapping[str, Any]
    ) -> MutableMapping[str, Any]:
        if level != "warning":
            return event
        said, now = repr(sorted(event.items())), clock.boot_seconds()
        with self._lock:
            at, dropped = self._said.pop(said, (now - REPEATED_AFTER_SECONDS, 0))
            if 0 <= now - at < REPEATED_AFTER_SECONDS:
                self._said[said] = (at, dropped + 1)
                raise structlog.DropEvent
            self._said[said] = (now, 0)
            if len(self._said) > _MOST_REMEMBERED:
                del self._said[next(iter(self._said))]
        if dropped:
            event["repeated"] = dropped
        return event


class _Foreign(logging.Handler):
    """What libraries log, in the same shape."""

    def emit(self, record: logging.LogRecord) -> None:
        structlog.get_logger().log(
            record.levelno,
            "library.said",
            logger=record.name,
            text=record.getMessage(),
            **({"exc_info": record.exc_info} if record.exc_info else {}),
        )


def configure(stream: IO[bytes] | None = None) -> None:
    """Set up the logs of this process; `stream` is standard error."""
    # Without a buffer: what a full disk refused must not come back at the exit, and fail that.
    target = stream or open(2, "wb", buffering=0, closefd=False)  # noqa: SIM115 (for good)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            Repeats(),
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _redact,
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=lambda *_: Lines(target),
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        cache_logger_on_first_use=False,
    )
    logging.getLogger().handlers = [_Foreign(logging.WARNING)]
