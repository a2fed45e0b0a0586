"""The accent of a site can be read on light and on dark, and another is refused."""

import pytest

from portal.settings import look as looks
from portal.settings.look import Link


@pytest.mark.unit
@pytest.mark.parametrize("colour", ["#2456d6", "#0a6b52", "#b3261e", "#000000", "#7a3b12"])
def test_an_accent_can_be_read_on_light_and_on_dark(colour: str):
    light, dark = looks.accent(colour) or ("", "")
    assert light == colour
    for ground in ("#ffffff", "#f6f7f9"):
        assert looks.contrast(light, ground) >= 4.5
    for ground in ("#0e1116", "#161b22", "#1b212a"):
        assert looks.contrast(dark, ground) >= 4.5


@pytest.mark.unit
@pytest.mark.parametrize(("colour", "said"), [("#7fb3ff", "contrast of 2."), ("blue", "such as")])
def test_another_is_refused_with_its_contrast(colour: str, said: str):
    with pytest.raises(ValueError, match=said):
        looks.accent(colour)


@pytest.mark.unit
def test_contrast_is_that_of_the_standard():
    assert round(looks.contrast("#ffffff", "#000000"), 2) == 21
    assert round(looks.contrast("#59636f", "#ffffff"), 1) == 6.1
    assert looks.links("A=/a, B=mailto:b@example.com") == (
        Link("A", "/a"),
        Link("B", "mailto:b@example.com"),
    )
