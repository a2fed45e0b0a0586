"""A name server that answers as it is told."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import dns.message
import dns.rcode
import dns.rrset

from tests.monitors.event_loop import event_loop


class _NameServer(asyncio.DatagramProtocol):
    def __init__(self, records: dict[tuple[str, str], list[str]], forged: str) -> None:
        self._records, self._forged = records, forged

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, address: Any) -> None:
        question = dns.message.from_wire(data)
        asked = question.question[0]
        name, kind = asked.name.to_text().rstrip("."), dns.rdatatype.to_text(asked.rdtype)
        answer = dns.message.make_response(question)
        values = self._records.get((name, kind), [])
        if values:
            answer.answer.append(dns.rrset.from_text(asked.name, 60, "IN", kind, *values))
        elif name not in {known for known, _ in self._records}:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        if self._forged == "id":
            answer.id ^= 1
        elif self._forged == "question":
            answer.question = dns.message.make_query("other.test", kind).question
        self._transport.sendto(answer.to_wire(), address)


@contextmanager
def name_server(records: dict[tuple[str, str], list[str]], *, forged: str = "") -> Iterator[int]:
    """A DNS server with some records; `forged`: its answers have another `id` or `question`."""
    with event_loop() as loop:

        def make() -> _NameServer:
            return _NameServer(records, forged)

        async def start() -> Any:
            return await loop.create_datagram_endpoint(make, local_addr=("127.0.0.1", 0))

        transport, _ = asyncio.run_coroutine_threadsafe(start(), loop).result(10)
        try:
            yield transport.get_extra_info("sockname")[1]
        finally:
            loop.call_soon_threadsafe(transport.close)
