"""What all kinds have in common."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Protocol
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, StringConstraints

from portal.monitors.looks import Trace
from portal.monitors.network import Network
from portal.schemas import Camel

MOST_BYTES = 1024 * 1024

Port = Annotated[int, Field(ge=1, le=65535)]
Short = Annotated[str, StringConstraints(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]


def _host(text: str) -> str:
    if not text or any(one.isspace() or one in "/@?#" for one in text):
        raise ValueError("Enter a host name or an address, without a path.")
    return text


Host = Annotated[str, StringConstraints(max_length=253, min_length=1), AfterValidator(_host)]


@dataclass(frozen=True)
class Task:
    """A look to be made: where it may go, and with which credentials."""

    network: Network
    trace: Trace
    credentials: Mapping[str, Any]
    timeout_seconds: int


class Config(Camel):
    """What a kind is configured with."""

    @property
    def target(self) -> str:
        """What is looked at, in a few words for lists."""
        raise NotImplementedError

    @property
    def hosts(self) -> list[str]:
        """The hosts that are called as far as they are written down."""
        return []


class HostConfig(Config):
    """A kind that connects to a port of a host."""

    host: Host
    port: Port

    @property
    def target(self) -> str:
        return f"{self.host}:{self.port}"

    @property
    def hosts(self) -> list[str]:
        return [self.host]


class UrlConfig(Config):
    """A kind that asks at an address; each checks its own."""

    url: str

    @property
    def target(self) -> str:
        parts = urlsplit(self.url)
        return f"{parts.netloc}{parts.path.rstrip('/')}"

    @property
    def hosts(self) -> list[str]:
        return [urlsplit(self.url).hostname or ""]


def reach(config: Config) -> tuple[object, ...]:
    """Where a look goes first: its secrets are for there, and for nowhere else."""
    url = getattr(config, "url", None)
    if url is not None:
        return urlsplit(url).scheme, urlsplit(url).netloc.lower()
    return getattr(config, "host", None), getattr(config, "port", None)


class Looks(Protocol):
    """How a kind looks: what it returns says what was found, in a few words.

    FailedError when the target is not as it should be, CannotLookError when nobody can tell.
    """

    async def __call__(self, config: Any, task: Task) -> str: ...
