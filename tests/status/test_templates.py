"""Templates of messages, added and replaced."""

from typing import Any

import pytest

from portal.errors import RuleError, StaleVersionError
from portal.status.templates import TemplateIn
from portal.unit_of_work import By
from tests.status.world import World


def template(world: World, message: str = "{{what}}", version: int | None = None) -> Any:
    given = TemplateIn(name="ops", title="On {{when}}", message=message)
    return world.status.templates.save(By("ada", version=version), given)


def test_a_template_is_added_and_replaced(world: World):
    assert template(world).version == 1
    assert template(world, version=1).version == 2
    assert template(world).version == 3
    with pytest.raises(StaleVersionError):
        template(world, version=2)
    with pytest.raises(RuleError, match="Write a field"):
        template(world, "{{What}}")
