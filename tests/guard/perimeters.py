"""A perimeter with blocks, and the judgement on a request."""

from datetime import datetime
from ipaddress import ip_network
from types import SimpleNamespace
from typing import Any

from portal.guard.blocks import Block, Kind, Source
from portal.guard.origins import Origins
from portal.guard.perimeter import Copy, Denied, Held, Perimeter
from tests import rows
from tests.instants import NOW

SECONDS = NOW.timestamp()
PAGE = "https://www.example.com"


def block(scope: str, value: str, **values: Any) -> Block:
    return rows.block(**{"id": value, "scope": scope, "value": value, **values})


def held(**values: Any) -> Held:
    return Held(
        **{
            "id": "local",
            "until": SECONDS + 60,
            "kind": Kind.BAN,
            "source": Source.AUTO,
            "is_forced": False,
            **values,
        }
    )


def make(*rows: Block, trusted: str = "10.0.0.1") -> Perimeter:
    origins = Origins((PAGE,), own="", public=frozenset({"/"}), public_cors="*")
    counter = SimpleNamespace(inc=lambda: None)
    series = SimpleNamespace(
        perimeter_blocked=counter, read=lambda: SimpleNamespace(perimeter_blocked=0)
    )
    one = Perimeter(
        lambda: None,  # type: ignore[arg-type, return-value]
        series,  # type: ignore[arg-type]
        origins,
        trusted=(ip_network(trusted),),
    )
    one.is_supervised = True
    one._copy = Copy(list(rows))
    return one


def judge(
    one: Perimeter,
    client: str = "192.0.2.1",
    *,
    origin: str | None = None,
    path: str = "/panel",
    method: str = "POST",
    now: datetime = NOW,
) -> Denied | None:
    return one.judge(
        client,
        f"ip:{client}",
        origin=origin,
        host=lambda: "status.example.com",
        path=path,
        method=method,
        now=now,
    )
