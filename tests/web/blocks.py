"""A form that blocks, and what is stored of it."""

from typing import Any

from sqlalchemy import select

from portal.guard.blocks import Block
from tests.sites import Site

FORM: dict[str, Any] = {
    "scope": "ip",
    "value": "203.0.113.7",
    "kind": "ban",
    "duration": "1h",
    "reason": "Tries passwords",
    "from": "perimeter",
}


def stored(site: Site) -> list[Block]:
    with site.portal.core.open_session() as session:
        return list(session.scalars(select(Block).order_by(Block.created_at, Block.value)))
