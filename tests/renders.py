"""Which templates are rendered, so that their number can be an expectation."""

import pytest
from jinja2 import Template


def noted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of those that are rendered from now on, in their order."""
    names: list[str] = []
    plain = Template.render

    def render(self: Template, *args: object, **values: object) -> str:
        names.append(str(self.name))
        return plain(self, *args, **values)

    monkeypatch.setattr(Template, "render", render)
    return names
