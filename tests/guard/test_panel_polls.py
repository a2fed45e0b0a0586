"""Which polls of operators are known, and for how long; on values alone."""

import pytest

from portal.guard.head import Head
from portal.guard.panel_polls import KNOWN_SECONDS, LONGEST_COOKIE, MOST_KNOWN, PATH, PanelPolls

NOW = 1_000_000_000.0


def polls(**values: int) -> PanelPolls:
    return PanelPolls("session", **({"most": 3, "window_seconds": 60} | values))


def head(cookies: str, path: str = PATH, method: str = "GET") -> Head:
    headers = {"cookie": cookies}
    return Head(method, path, "", "192.0.2.1", None, None, None, 0, headers.get)


@pytest.mark.parametrize(
    ("cookies", "passes", "why"),
    [
        ("session=known", True, "it was verified"),
        ("a=1;  session=known; b", True, "beside others"),
        ("session=forged", False, "nobody verified it"),
        ("session=", False, "nothing in it"),
        ("", False, "no cookie at all"),
        ("xsession=known", False, "another cookie"),
        ("session=known; session=known", False, "two of them: Flask could read the other"),
        ("session=" + "k" * 101, False, "longer than any of ours"),
        ("session=known\udcff", False, "bytes that are no text"),
    ],
)
def test_who_is_known(cookies: str, passes: bool, why: str):
    one = polls()
    one.know("known", now=NOW)
    assert one.passes(head(cookies), NOW) is passes, why


def test_the_longest_cookie_is_known():
    one, longest = polls(), "k" * LONGEST_COOKIE
    one.know(longest, now=NOW)
    one.know(f"{longest}k", now=NOW)
    assert one.passes(head(f"session={longest}"), NOW)
    assert not one.passes(head(f"session={longest}k"), NOW)


def test_only_the_poll_itself_is_let_pass():
    one = polls()
    one.know("known", now=NOW)
    for path, method in ((PATH, "POST"), (PATH, "HEAD"), (f"{PATH}/waf", "GET"), ("/panel", "GET")):
        assert not one.passes(head("session=known", path, method), NOW), f"{method} {path}"


def test_a_session_has_a_limit_of_its_own_in_each_window():
    one, start = polls(), NOW - NOW % 60
    one.know("known", now=start)
    one.know("other", now=start)
    assert [one.passes(head("session=known"), start + n) for n in range(4)] == [True] * 3 + [False]
    assert one.passes(head("session=other"), start)
    # Being verified again gives nothing back.
    one.know("known", now=start + 50)
    assert not one.passes(head("session=known"), start + 59)
    assert one.passes(head("session=known"), start + 60)


def test_it_is_known_for_some_minutes_and_until_it_is_over():
    one = polls()
    one.know("known", now=NOW)
    assert one.passes(head("session=known"), NOW + KNOWN_SECONDS - 1)
    assert not one.passes(head("session=known"), NOW + KNOWN_SECONDS)
    assert not one.passes(head("session=known"), NOW - 1), "the clock was set back"
    one.know("known", now=NOW)
    one.forget("known")
    one.forget("never seen")
    assert not one.passes(head("session=known"), NOW)


def test_memory_is_bounded_and_keeps_who_was_verified_last():
    one = polls()
    for number in range(MOST_KNOWN):
        one.know(f"s{number}", now=NOW)
    one.know("s0", now=NOW)
    one.know("new", now=NOW)
    known = [one.passes(head(f"session={name}"), NOW) for name in ("s0", "s1", "s2", "new")]
    assert known == [True, False, True, True]
