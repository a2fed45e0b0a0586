"""Every alert of the portal is in the documents, and its parts fit where they are stored."""

import ast
import re

from portal.runtime import alerts
from portal.runtime.episode import Episode
from portal.runtime.episodes import CLOSE_AT_ONCE
from tests.contracts.sources import ROOT, modules, path_of


def names() -> set[str]:
    """The ids that the rules can give."""
    (tree,) = (tree for path, tree in modules() if path == path_of(alerts))
    texts = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    return {one for one in texts if isinstance(one, str) and re.fullmatch(r"[a-z]+(-[a-z]+)+", one)}


def test_the_table_of_alerts_has_every_alert_and_no_other():
    text = (ROOT / "docs/workers.md").read_text().partition("\n## Alerts")[2]
    rows = re.findall(r"^\| (`[^|]+) \|", text, re.MULTILINE)
    listed = {name for row in rows for name in re.findall(r"`([^`]+)`", row)}
    assert listed == names()


def test_the_ids_of_alerts_fit_their_column():
    assert max(map(len, names())) <= Episode.__table__.columns["alert"].type.length


def test_those_that_close_at_once_are_alerts():
    assert set(CLOSE_AT_ONCE) <= names()
