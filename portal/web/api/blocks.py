"""`/api/admin/runtime/maintenance/perimeter/blocks`: who may not come in, and until when."""

from apiflask import APIBlueprint
from flask import Response, request
from pydantic import Field

from portal import clock, web
from portal.guard import blocks
from portal.guard.blocks import Block, BlockAct, BlockIn, BlockOut, Blocks
from portal.status.registry import NotFoundError
from portal.status.terms import Camel
from portal.web.api import writes
from portal.web.api.writes import ERRORS, PageQuery

blueprint = APIBlueprint(
    "blocks_api",
    __name__,
    url_prefix="/api/admin/runtime/maintenance/perimeter/blocks",
    tag="Perimeter",
)


class BlockQuery(PageQuery):
    """`active` leaves out what has run out or was removed."""

    active: bool = Field(default=True)


class BlockList(Camel):
    items: list[BlockOut]
    total: int
    limit: int
    offset: int


@blueprint.get("")
@blueprint.input(BlockQuery, location="query", arg_name="page")
@blueprint.output(BlockList)
@blueprint.doc(security="token", responses=ERRORS)
def listing(page: BlockQuery) -> BlockList:
    """List blocks, the newest first."""
    now = clock.now()
    with web.current().open_session() as session:
        rows, total = blocks.page(
            session, now=now, only_active=page.active, limit=page.limit, offset=page.offset
        )
        items = [blocks.out(row, now=now) for row in rows]
    return BlockList(items=items, total=total, limit=page.limit, offset=page.offset)


@blueprint.post("")
@blueprint.input(BlockIn, arg_name="wish")
@blueprint.output(BlockOut, status_code=201)
@blueprint.doc(security="token", responses=ERRORS)
def create(wish: BlockIn) -> Response:
    """Block an address, a range, a key or an origin, for a duration or until an instant."""
    return writes.write(
        lambda actor, once: _writer().add(wish, actor=actor, caller=_caller(), once=once),
        _shown,
        status=201,
    )


@blueprint.get("/<ref>")
@blueprint.output(BlockOut)
@blueprint.doc(security="token", responses=ERRORS)
def one(ref: str) -> Response:
    """Show a block."""
    with web.current().open_session() as session:
        row = blocks.find(session, ref)
        if row is None:
            raise NotFoundError
        return writes.shown(_shown(row), row.version)


@blueprint.patch("/<ref>")
@blueprint.input(BlockAct, arg_name="wish")
@blueprint.output(BlockOut)
@blueprint.doc(security="token", responses=ERRORS)
def act(ref: str, wish: BlockAct) -> Response:
    """Extend from where it ends, or raise: at least that long from now, stronger or wider."""
    version = writes.wanted_version()
    return writes.write(
        lambda actor, once: _writer().act(
            ref, wish, version=version, actor=actor, caller=_caller(), once=once
        ),
        _shown,
    )


@blueprint.delete("/<ref>")
@blueprint.output(BlockOut)
@blueprint.doc(security="token", responses=ERRORS)
def remove(ref: str) -> Response:
    """Lift a block now; its record stays."""
    version = writes.wanted_version()
    return writes.write(
        lambda actor, once: _writer().remove(ref, version=version, actor=actor, once=once), _shown
    )


def _writer() -> Blocks:
    found: Blocks = web.current().blocks
    return found


def _caller() -> str:
    return str(request.environ["portal.client"])


def _shown(row: Block) -> BlockOut:
    return blocks.out(row, now=clock.now())
