"""Blocks: who may not come in, until when, and why."""

from portal.guard.blocks.acts import Blocks
from portal.guard.blocks.block import (
    LONGEST,
    LONGEST_AUTO,
    REPEATS_WITHIN,
    AlreadyBlockedError,
    Block,
    BlockScope,
    Kind,
    Source,
    bounded,
    covers,
    normalise,
    refuse_protected,
)
from portal.guard.blocks.queries import KEPT, PARTS, active, find, page, sweep
from portal.guard.blocks.schemas import Action, BlockAct, BlockBefore, BlockIn, BlockOut, out
