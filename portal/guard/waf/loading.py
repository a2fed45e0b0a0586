"""Which engine a setting asks for."""

import json
from pathlib import Path

from portal.guard.waf.engine import Engine, Off
from portal.guard.waf.modsecurity import ModSecurity
from portal.guard.waf.rules import crs_text

RULES = Path(__file__).parents[1] / "rules"


def load(engine: str, *, crs: Path | None = None, crs_blocks: bool = False) -> Engine:
    """The engine of a setting; WafError when its rules do not prove themselves."""
    if engine == "off":
        return Off("switched off")
    try:
        import libmodsecurity
    except ImportError:
        return Off("there is no libmodsecurity for this machine")
    text = (RULES / "portal.conf").read_text(encoding="utf-8")
    proofs = json.loads((RULES / "proofs.json").read_text(encoding="utf-8"))
    return ModSecurity(
        libmodsecurity, text, proofs, crs=crs_text(crs) if crs else "", crs_blocks=crs_blocks
    )
