"""The two libmodsecurity that there can be, each by itself."""

from unittest.mock import patch

import pytest

from portal.guard import waf
from portal.guard.waf import loading
from portal.guard.waf.library import Library
from tests.patience import needed

ORIGINS = ("the system's", "the wheel's")


def place(origin: str) -> str:
    """The file of one of them; skips the test where it is not there."""
    for file, whose in loading.places():
        if whose == origin:
            try:
                loading._opened(file, origin)
            except waf.WafError:
                break
            return file
    # The wheel is not for every machine.
    if origin == ORIGINS[0] and needed("libmodsecurity"):
        raise AssertionError(f"{origin} libmodsecurity is not there")
    pytest.skip(f"{origin} libmodsecurity is not there")


def library(origin: str) -> Library:
    return loading._opened(place(origin), origin)


def engine(origin: str) -> waf.Engine:
    """Our rules in one of the two."""
    file = place(origin)
    with patch.object(loading, "places", lambda: iter([(file, origin)])):
        made = waf.load("modsecurity")
    assert origin in made.library
    return made
