"""`/api/admin/runtime/maintenance/perimeter/blocks`: who may not come in, and until when."""

from apiflask import APIBlueprint
from flask import Response, request
from pydantic import Field

from portal import clock
from portal.errors import found
from portal.guard import blocks
from portal.guard.blocks import Block, BlockAct, BlockIn, BlockOut
from portal.web import current
from portal.web.api import writes
from portal.web.api.pages import Page, PageQuery

blueprint = APIBlueprint(
    "blocks_api",
    __name__,
    url_prefix="/api/admin/runtime/maintenance/perimeter/blocks",
    tag="Perimeter",
)


class BlockQuery(PageQuery):
    """`active` leaves out what has run out or was removed."""

    active: bool = Field(default=True)


@blueprint.get("")
@blueprint.input(BlockQuery, location="query", arg_name="page")
@blueprint.output(Page[BlockOut])
def listing(page: BlockQuery) -> Page[BlockOut]:
    """List blocks, newest first."""
    now = clock.now()
    with current().core.open_session() as session:
        rows, total = blocks.page(
            session, now=now, only_active=page.active, limit=page.limit, offset=page.offset
        )
        items = [blocks.out(row, now=now) for row in rows]
    return Page(items=items, total=total, limit=page.limit, offset=page.offset)


@blueprint.post("")
@blueprint.input(BlockIn, arg_name="new")
@blueprint.output(BlockOut, status_code=201)
def create(new: BlockIn) -> Response:
    """Block an address, range, key or origin for a duration or until a time."""
    return writes.write(
        lambda by: current().guard.blocks.add(by, new, caller=_caller()), _shown, status=201
    )


@blueprint.get("/<ref>")
@blueprint.output(BlockOut)
def one(ref: str) -> Response:
    """Show a block."""
    with current().core.open_session() as session:
        row = found(blocks.find(session, ref))
        return writes.shown(_shown(row), row.version)


@blueprint.patch("/<ref>")
@blueprint.input(BlockAct, arg_name="asked")
@blueprint.output(BlockOut)
def act(ref: str, asked: BlockAct) -> Response:
    """Extend a block from its end, or raise it: at least that long from now, stronger or wider."""
    return writes.write(
        lambda by: current().guard.blocks.act(by, ref, asked, caller=_caller()), _shown
    )


@blueprint.delete("/<ref>")
@blueprint.output(BlockOut)
def remove(ref: str) -> Response:
    """Remove a block now. Its record is kept."""
    return writes.write(lambda by: current().guard.blocks.remove(by, ref), _shown)


def _caller() -> str:
    return str(request.environ["portal.client"])


def _shown(row: Block) -> BlockOut:
    return blocks.out(row, now=clock.now())
