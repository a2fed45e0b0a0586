"""DNS: a record that a name server answers with."""

import ipaddress
from collections.abc import Iterable
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from portal.monitors.kinds.base import Config, Host, Short, Task
from portal.monitors.looks import CannotLookError, FailedError

RecordType = Literal["A", "AAAA", "CAA", "CNAME", "MX", "NS", "PTR", "SOA", "SRV", "TXT"]
AnswerCode = Literal["NOERROR", "NXDOMAIN", "SERVFAIL", "REFUSED"]


def _resolver(text: str) -> str:
    host, port = split(text)
    ipaddress.ip_address(host)
    if not 0 < port < 65536:
        raise ValueError("The port must be from 1 to 65535.")
    return text


def split(text: str) -> tuple[str, int]:
    """An address with a port or without: `192.0.2.1`, `192.0.2.1:53`, `[2001:db8::1]:53`."""
    if text.startswith("["):
        host, _, port = text[1:].partition("]:")
        return host.rstrip("]"), int(port or 53)
    if text.count(":") == 1:
        host, _, port = text.partition(":")
        return host, int(port)
    return text, 53


class DnsConfig(Config):
    host: Host
    record_type: RecordType = "A"
    expected_answers: list[Short] = Field(default=[], max_length=20)
    expected_code: AnswerCode = "NOERROR"
    resolver: Annotated[str, AfterValidator(_resolver)] | None = None

    @property
    def target(self) -> str:
        return f"{self.record_type} {self.host}"

    @property
    def hosts(self) -> list[str]:
        return [split(self.resolver)[0]] if self.resolver else []


async def look(config: DnsConfig, task: Task) -> str:
    """Ask, and hold the answer against what is expected; all of it must be there, and no more."""
    import dns.asyncquery
    import dns.exception
    import dns.message
    import dns.rcode

    trace = task.trace
    question = dns.message.make_query(config.host, config.record_type)
    where, port = await _server(config, task)
    trace.address = f"{where}:{port}"
    try:
        with trace.phase("waiting"):
            answer, _ = await dns.asyncquery.udp_with_fallback(
                question, where, port=port, timeout=task.timeout_seconds
            )
    except dns.exception.Timeout:
        raise FailedError("No answer in time") from None
    except (dns.exception.DNSException, OSError, EOFError) as error:
        raise FailedError(f"No answer ({type(error).__name__})") from None
    code = dns.rcode.to_text(answer.rcode())
    found = _values(answer, config.record_type)
    trace.status = code
    trace.say("\n".join(f"{config.host} {config.record_type} {one}" for one in found) or code)
    if code != config.expected_code:
        raise FailedError(f"{code}, expected {config.expected_code}")
    if config.expected_answers:
        _compare(found, config.expected_answers)
    elif code == "NOERROR" and not found:
        raise FailedError(f"No {config.record_type} record")
    return _short(found) or code


def _values(answer: Any, kind: str) -> list[str]:
    import dns.rdatatype

    wanted = dns.rdatatype.from_text(kind)
    return sorted(
        item.to_text().strip('"')
        for records in answer.answer
        if records.rdtype == wanted
        for item in records
    )


def _compare(found: list[str], expected: Iterable[str]) -> None:
    wanted = {_plain(one) for one in expected}
    if {_plain(one) for one in found} != wanted:
        raise FailedError(
            f"Answered {_short(found) or 'nothing'}, expected {_short(sorted(wanted))}"
        )


def _plain(text: str) -> str:
    return text.strip().strip('"').rstrip(".").lower()


def _short(values: list[str]) -> str:
    rest = f" and {len(values) - 3} more" if len(values) > 3 else ""
    return ", ".join(values[:3]) + rest


async def _server(config: DnsConfig, task: Task) -> tuple[str, int]:
    """The name server to ask: the configured one if it is allowed, or the system's."""
    if config.resolver:
        host, port = split(config.resolver)
        addresses = await task.network.resolve(host, port, task.trace)
        return str(addresses[0]), port
    import dns.exception
    import dns.resolver

    try:
        found = dns.resolver.Resolver().nameservers
    except dns.exception.DNSException:
        found = []
    if not found:
        raise CannotLookError("The system names no name server; set a resolver")
    return str(found[0]), 53
