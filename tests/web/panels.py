"""A panel that polls, as its page does it."""

import re
from typing import Any

from portal.web.panel.cards import ALERTS, CARDS
from tests.people import Person
from tests.web.pages import text_of

ALL = (ALERTS, *CARDS)


class Panel:
    """A page that polls, and puts together what it shows as a browser would."""

    def __init__(self, person: Person) -> None:
        self.person = person
        self.shown = self.parts(text_of(person.client.get("/panel")))

    def poll(self) -> dict[str, str]:
        """What the answer holds, by card; nothing when it says that all is as it was."""
        answer = self.ask()
        if answer.status_code == 204:
            assert answer.data == b""
            return {}
        found = self.parts(text_of(answer))
        self.shown |= found
        return found

    def ask(self) -> Any:
        have = [self.mark(name) for name in self.shown]
        return self.person.client.get("/panel/cards", query_string={"have": have})

    def mark(self, name: str) -> str:
        found = re.search(r'name="have" value="([^"]+)"', self.shown[name])
        assert found, name
        return found[1]

    def parts(self, text: str) -> dict[str, str]:
        parts = re.split(r'(?=<input type="hidden" name="have")', text)[1:]
        marks = [re.search(r'value="([\w-]+)\.', part) for part in parts]
        return {mark[1]: part for mark, part in zip(marks, parts, strict=True) if mark}
