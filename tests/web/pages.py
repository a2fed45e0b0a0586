"""What the tests of pages share: reading an answer, a form, and what was recorded."""

import re
from html import unescape
from typing import Any

from portal.audit import search
from portal.audit.search import Event
from tests.sites import Site

KEY = "0123456789"


def text_of(answer: Any, status: int = 200) -> str:
    """The page, with its entities read."""
    text = str(answer.get_data(as_text=True))
    assert answer.status_code == status, text
    return unescape(text)


def value_of(page: str, field: str) -> str:
    """What the form of a page holds in a text field, or in an area."""
    match = re.search(rf'<input id="{field}"[^>]* value="([^"]*)"', page) or re.search(
        rf'<textarea id="{field}"[^>]*>\n?(.*?)</textarea>', page, re.DOTALL
    )
    assert match, f"there is no field {field}"
    return match.group(1)


def hidden_of(page: str, field: str) -> str:
    """The value of a hidden field, the first of that name."""
    match = re.search(rf'<input type="hidden" name="{field}" value="([^"]*)"', page)
    assert match, f"there is no hidden field {field}"
    return match.group(1)


def recorded(site: Site, event_type: str) -> list[Event]:
    """The audit events of a type, the newest first."""
    with site.portal.core.open_session() as session:
        return search.search(session, event_type=event_type)[0]
