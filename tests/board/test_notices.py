"""How much of the notices a banner holds, to the byte and to the letter; on values alone."""

import pytest

from portal.board import notices
from portal.board.banners import Banner
from portal.board.notices import MOST_BYTES, MOST_OF_ONE, MOST_SHOWN, SHORT
from tests.board.pictures import banner, picture

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("size", "is_whole"), [(MOST_OF_ONE - 1, True), (MOST_OF_ONE, True), (MOST_OF_ONE + 1, False)]
)
def test_how_long_a_notice_may_be_to_be_whole(size: int, is_whole: bool):
    found = notices.fitted(
        picture(banner(message="Words")), lambda one, level, short: short or "x" * size
    )
    assert found.shown == (("x" * size) if is_whole else "Words",)
    assert bool(found.whole) is not is_whole


@pytest.mark.parametrize(("beyond", "more"), [(-1, 0), (0, 0), (1, 1)])
def test_notices_fill_the_banner_and_no_more(beyond: int, more: int):
    """The last of those that are shown comes as far as the bytes that are left, or not at all."""
    sizes = [MOST_BYTES // MOST_SHOWN] * (MOST_SHOWN - 1)
    sizes.append(MOST_BYTES - sum(sizes) + beyond)
    shown = picture(*(banner(f"m{size}", message="x" * size) for size in sizes))
    found = notices.fitted(shown, lambda one, level, short: short or one.message)
    assert (len(found.shown), found.more) == (MOST_SHOWN - more, more)
    assert len(found.whole) == more


@pytest.mark.parametrize(
    ("message", "told"),
    [
        ("x" * (SHORT - 1), "x" * (SHORT - 1)),
        ("x" * SHORT, "x" * SHORT),
        ("x" * (SHORT + 1), "x" * SHORT + " …"),
        ("word " * 40, ("word " * 40).strip()),
        ("word " * 40 + "x", ("word " * 40).strip() + " …"),
        ("as " + "word " * 40, "as " + "word " * 39 + "…"),
    ],
)
def test_a_beginning_ends_with_a_word_and_says_that_there_is_more(message: str, told: str):
    def render(one: Banner, level: str, short: str) -> str:
        return short or "x" * (MOST_OF_ONE + 1)

    assert notices.fitted(picture(banner(message=message)), render).shown == (told,)
