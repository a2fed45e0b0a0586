"""How many mails are claimed at once, by how quickly they go out."""

import pytest

from portal.notify.channels.portion import LEAST, MOST, Portion

UNLIMITED = 1_000_000.0


def after(portion: Portion, a_second: float, *, seconds: float = 3.0, step: float = 0.01) -> int:
    """The size when that many went out each second."""
    told = 0
    for number in range(int(seconds / step) + 1):
        now = number * step
        count = int(now * a_second) - told
        told += count
        portion.went_out(count, now)
    return portion.size


def test_a_quick_server_is_given_many():
    assert Portion(UNLIMITED).size == LEAST
    assert after(Portion(UNLIMITED), 1000) == MOST
    assert after(Portion(UNLIMITED), 40) == pytest.approx(40, abs=3)


def test_it_is_measured_over_half_a_second():
    portion = Portion(UNLIMITED)
    portion.went_out(0, 0.0)
    portion.went_out(20, 0.4)
    assert portion.size == LEAST
    portion.went_out(20, 0.5)
    assert portion.size == 80


def test_a_slow_one_is_given_few():
    assert after(Portion(UNLIMITED), 4) == LEAST
    portion = Portion(UNLIMITED)
    assert after(portion, 1000) == MOST
    for number in range(1, 3):
        portion.went_out(1, 3.0 + number)
    assert portion.size == LEAST


@pytest.mark.parametrize(("rate", "most"), [(0.1, 1), (1, 5), (3.5, 18), (10, LEAST)])
def test_never_more_than_some_seconds_at_the_set_rate(rate: float, most: int):
    assert Portion(rate).size == most
    assert after(Portion(rate), 1000) == min(MOST, max(most, round(rate * 5)))


def test_a_pause_of_the_machine_is_no_slow_server():
    portion = Portion(UNLIMITED)
    assert after(portion, 1000) == MOST
    portion.went_out(0, 3.2)
    assert portion.size == MOST
