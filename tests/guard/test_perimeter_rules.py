"""Whom the perimeter turns away, for how long, and what it counts; on values alone."""

from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from portal.guard import perimeter
from portal.guard.blocks import Block, Kind, Source
from portal.guard.origins import Origins, check_pattern, normalise
from portal.guard.perimeter import REFRESH_EVERY, Copy, Denied, Held, Perimeter
from tests import rows
from tests.clocks import StandingClock
from tests.instants import HOUR, NOW

pytestmark = pytest.mark.unit
SECONDS = NOW.timestamp()
PAGE = "https://www.example.com"


def block(scope: str, value: str, **values: Any) -> Block:
    return rows.block(**{"id": value, "scope": scope, "value": value, **values})


def held(**values: Any) -> Held:
    return Held(
        **{
            "id": "local",
            "until": SECONDS + 60,
            "kind": Kind.BAN,
            "source": Source.AUTO,
            "is_forced": False,
            **values,
        }
    )


def make(*rows: Block, trusted: str = "10.0.0.1") -> Perimeter:
    origins = Origins((PAGE,), own="", public=frozenset({"/"}), public_cors="*")
    counter = SimpleNamespace(inc=lambda: None)
    series = SimpleNamespace(
        perimeter_blocked=counter, read=lambda: SimpleNamespace(perimeter_blocked=0)
    )
    one = Perimeter(
        lambda: None,  # type: ignore[arg-type, return-value]
        series,  # type: ignore[arg-type]
        origins,
        trusted=(ip_network(trusted),),
    )
    one.is_supervised = True
    one._copy = Copy(list(rows))
    return one


def judge(
    one: Perimeter,
    client: str = "192.0.2.1",
    *,
    origin: str | None = None,
    path: str = "/panel",
    method: str = "POST",
    now: datetime = NOW,
) -> Denied | None:
    return one.judge(
        client,
        f"ip:{client}",
        origin=origin,
        host=lambda: "status.example.com",
        path=path,
        method=method,
        now=now,
    )


@pytest.mark.parametrize(
    ("row", "client", "is_held", "why"),
    [
        (block("ip", "192.0.2.1"), "192.0.2.1", True, "its address"),
        (block("ip", "192.0.2.1"), "192.0.2.2", False, "another"),
        (block("key", "ip:192.0.2.1"), "192.0.2.1", True, "its key"),
        (block("range", "192.0.2.0/24"), "192.0.2.9", True, "its range"),
        (block("range", "192.0.2.0/24"), "192.0.3.9", False, "another range"),
        (block("range", "2001:db8::/32"), "2001:db8::9", True, "its range of IPv6"),
        (block("range", "2001:db8::/32"), "192.0.2.9", False, "another family"),
        (block("range", "0.0.0.0/8"), "::1", False, "numbers alike in another family"),
        (block("range", "192.0.2.0/24"), "garbage", False, "no address at all"),
        (block("ip", "10.0.0.1"), "10.0.0.1", False, "the trusted are let in"),
        (block("ip", "10.0.0.1", is_forced=True), "10.0.0.1", True, "unless it was forced"),
    ],
)
def test_whom_a_block_holds(row, client, is_held, why):
    found = judge(make(row), client)
    assert (found is not None) is is_held, why
    if found is not None:
        assert found.held is not None
        assert found.held.id == row.id


@pytest.mark.parametrize("scope", ["ip", "range", "origin"])
def test_a_block_holds_until_its_end_and_not_longer(scope: str):
    value = {"ip": "192.0.2.1", "range": "192.0.2.0/24", "origin": PAGE}[scope]
    one = make(block(scope, value))
    end = NOW + HOUR
    assert judge(one, origin=PAGE, now=end - timedelta(milliseconds=1)) is not None
    assert judge(one, origin=PAGE, now=end) is None


def test_an_address_that_ran_out_is_held_by_its_range_still():
    one = make(block("ip", "192.0.2.1", until=NOW), block("range", "192.0.2.0/24"))
    found = judge(one)
    assert found is not None
    assert found.held is not None
    assert found.held.id == "192.0.2.0/24"


def test_a_range_holds_no_address_of_the_other_version():
    one = make(block("range", "10.0.0.0/8"), block("range", "2001:db8::/32"))
    for client, is_held in (
        ("10.1.2.3", True),
        ("2001:db8::1", True),
        ("::a01:203", False),
        ("32.1.13.184", False),
    ):
        assert (judge(one, client) is not None) is is_held, client


def test_the_narrow_range_that_ran_out_leaves_the_wide_one():
    one = make(block("range", "192.0.2.0/24", until=NOW), block("range", "192.0.0.0/16"))
    found = judge(one)
    assert found is not None
    assert found.held is not None
    assert found.held.id == "192.0.0.0/16"


@pytest.mark.parametrize(
    ("origin", "path", "method", "is_let_in", "why"),
    [
        (None, "/panel", "POST", True, "no browser's script"),
        ("", "/panel", "POST", True, "nothing is said"),
        (PAGE, "/panel", "POST", True, "it is on the list"),
        (PAGE.upper(), "/panel", "POST", True, "however it is spelled"),
        ("https://status.example.com", "/panel", "POST", True, "the page's own"),
        ("https://evil.example", "/panel", "POST", False, "it is not"),
        ("https://evil.example", "/", "GET", True, "what is public may be read by any page"),
        ("https://evil.example", "/", "POST", False, "but not written"),
        ("null", "/panel", "POST", False, "on no list"),
    ],
)
def test_which_origins_may_ask(origin, path, method, is_let_in, why):
    found = judge(make(), origin=origin, path=path, method=method)
    assert (found is None) is is_let_in, why
    if found is not None:
        assert (found.held, found.origin) == (None, origin)
        assert found.retry_after(SECONDS) is None


def test_a_blocked_origin_is_told_with_its_block():
    found = judge(make(block("origin", PAGE)), origin=PAGE.upper(), path="/", method="GET")
    assert found is not None
    assert found.held is not None
    assert (found.held.id, found.origin) == (PAGE, PAGE.upper())


@pytest.mark.parametrize(
    ("left", "seconds"), [(60.0, 60), (59.01, 60), (59.0, 59), (0.5, 1), (0.0, 1), (-5.0, 1)]
)
def test_when_to_come_back(left, seconds):
    assert Denied(held(until=SECONDS + left)).retry_after(SECONDS) == seconds


def test_held_in_this_process_alone():
    one = make()
    one.hold_locally("ip:192.0.2.1", held())
    assert judge(one) is not None
    assert judge(one, "192.0.2.2") is None
    assert judge(one, now=NOW + timedelta(seconds=60)) is None
    assert judge(one, now=NOW + timedelta(seconds=59)) is not None


def test_what_is_held_here_takes_nothing_from_what_is_held_everywhere():
    one = make(block("ip", "192.0.2.1"))
    one.hold_locally("ip:192.0.2.9", held())
    assert judge(one) is not None


def test_only_so_many_are_held_in_this_process(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(perimeter, "MOST_HELD_LOCALLY", 2)
    one = make()
    for name in ("a", "b", "c"):
        one.hold_locally(f"ip:{name}", held())
    assert list(one._local) == ["ip:a", "ip:b"]


def test_refusals_are_counted_and_named():
    one = make()
    row = block("ip", "192.0.2.1")
    one._copy = Copy([row])
    denied = judge(one)
    assert denied is not None
    first = one.refused(denied, client="192.0.2.1", route="POST /panel", now=NOW)
    foreign = Denied(None, "https://evil.example\r\n" + "x" * 300)
    second = one.refused(foreign, client="192.0.2.9", route="POST /panel", now=NOW)
    assert first != second
    assert [one.rule for one in one._recent] == ["foreign origin", "192.0.2.1"]
    (origin,) = one.top_origins.top(9)
    assert origin.key == ("https://evil.example" + "x" * 300)[:200]
    assert (origin.blocked, origin.allowed) == (1, 0)


def test_figures_of_the_perimeter(still: StandingClock):
    one = make(
        block("ip", "192.0.2.1", created_at=NOW - HOUR, source="auto"),
        block("ip", "192.0.2.2", created_at=NOW),
        block("ip", "192.0.2.3", until=NOW),
        block("ip", "192.0.2.4", created_at=NOW - 2 * HOUR),
    )
    shown = one.figures()
    assert [row.value for row in shown.blocks] == ["192.0.2.2", "192.0.2.1", "192.0.2.4"]
    assert (shown.active_blocks, shown.auto_blocks) == (3, 1)
    assert (shown.last_blocked_at, shown.active_blocked_origins) == (None, 0)
    one.refused(Denied(None, "https://evil.example"), client="a", route="r", now=NOW)
    still.advance(seconds=perimeter.ACTIVE_ORIGIN_SECONDS)
    shown = one.figures()
    assert (shown.last_blocked_at, shown.active_blocked_origins) == (NOW, 1)
    still.advance(seconds=1)
    assert one.figures().active_blocked_origins == 0


class Session:
    """A database whose revision and rows are told; or that is away."""

    def __init__(self) -> None:
        self.number, self.rows, self.is_away, self.looks = 1, [block("ip", "192.0.2.1")], False, 0

    def __enter__(self) -> "Session":
        self.looks += 1
        if self.is_away:
            raise OperationalError("", {}, Exception())
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def scalar(self, _: Any) -> int:
        return self.number

    def scalars(self, _: Any) -> list[Block]:
        return self.rows

    def expunge_all(self) -> None:
        pass


def test_the_copy_is_renewed_when_the_revision_moves(still: StandingClock):
    one, database = make(), Session()
    one._open_session, one.is_supervised = lambda: database, False  # type: ignore[assignment, return-value]
    assert judge(one) is not None
    database.rows = []
    still.advance(seconds=1)
    assert judge(one, now=still.now()) is not None
    database.number = 2
    still.advance(seconds=1)
    one._local = {"ip:192.0.2.9": held()}
    assert judge(one, now=still.now()) is None
    assert one._local == {}


def test_a_look_says_whether_the_copy_is_fresh(still: StandingClock):
    one, database = make(), Session()
    one._open_session = lambda: database  # type: ignore[assignment, return-value]
    assert one.refresh(), "it was read"
    assert one.refresh(), "nothing has moved"
    assert one.refresh(known=1)
    assert database.looks == 2, "who knows the revision need not be told"
    database.number = 2
    assert one.refresh(known=2)
    database.is_away = True
    assert not one.refresh()
    assert not one.refresh(known=3)


def test_figures_are_of_a_fresh_copy(still: StandingClock):
    one, database = make(), Session()
    one._open_session, one.is_supervised = lambda: database, False  # type: ignore[assignment, return-value]
    assert one.figures().active_blocks == 1
    database.number, database.rows = 2, []
    still.advance(seconds=1)
    assert one.figures().active_blocks == 0


@pytest.mark.parametrize(
    ("step", "looks", "why"),
    [
        (timedelta(0), 1, "it has just looked"),
        (REFRESH_EVERY - timedelta(microseconds=1), 1, "not yet"),
        (REFRESH_EVERY, 2, "half a second later"),
        (-HOUR, 2, "a clock that was set back"),
    ],
)
def test_how_often_it_looks(still: StandingClock, step, looks, why):
    one, database = make(), Session()
    one._open_session, one.is_supervised = lambda: database, False  # type: ignore[assignment, return-value]
    judge(one)
    judge(one, now=NOW + step)
    assert database.looks == looks, why
    database.is_away = True
    one.refresh()
    assert judge(one, now=NOW) is not None
    one.is_supervised = True
    before = database.looks
    judge(one, now=NOW + HOUR)
    one.figures()
    assert database.looks == before


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        ("https://a.example:443", "https://a.example"),
        ("https://a.example:80", "https://a.example:80"),
        ("http://a.example:80/", "http://a.example"),
        ("http://a.example:1", "http://a.example:1"),
        ("http://a.example:65535", "http://a.example:65535"),
        ("http://a.example:65536", None),
        ("http://a.example:0", None),
        ("http://[2001:db8::1]:8080", "http://[2001:db8::1]:8080"),
        ("null", None),
    ],
)
def test_an_origin_has_one_spelling(text, origin):
    assert normalise(text) == origin


@pytest.mark.parametrize(
    ("pattern", "origin", "is_let_in"),
    [
        ("https://*.example.com", "https://a.example.com", True),
        ("https://*.example.com", "https://a.b.example.com", True),
        ("https://*.example.com", "https://example.com", False),
        ("https://*.example.com", "https://.example.com", False),
        ("https://*.example.com", "http://a.example.com", False),
        ("https://*.example.com", "https://a.example.com.evil", False),
        ("https://a.example.com", "https://a.example.com", True),
        ("https://a.example.com", "https://b.example.com", False),
    ],
)
def test_a_star_stands_for_subdomains(pattern, origin, is_let_in):
    origins = Origins(
        (check_pattern(pattern),), own="https://own.example", public=frozenset(), public_cors=""
    )
    ask = {"host": "h", "path": "/x", "method": "POST"}
    assert origins.allows(origin, **ask) is is_let_in
    assert origins.allows("https://own.example", **ask)
    none = Origins((), own="", public=frozenset(), public_cors="")
    assert not none.allows(origin, **ask)
    assert none.allows("http://h:80", **ask | {"host": "H:80"})


@pytest.mark.parametrize(
    ("cors", "method", "is_let_in"),
    [
        ("*", "GET", True),
        ("*", "HEAD", True),
        ("*", "OPTIONS", True),
        ("*", "POST", False),
        (PAGE, "GET", False),
        ("https://evil.example", "GET", True),
        ("", "GET", False),
    ],
)
def test_what_is_public_may_be_read_as_the_setting_says(cors, method, is_let_in):
    origins = Origins((), own="", public=frozenset({"/"}), public_cors=cors)
    ask = {"host": "h", "method": method}
    assert origins.allows("https://evil.example", path="/", **ask) is is_let_in
    assert not origins.allows("https://evil.example", path="/panel", **ask)


def test_times_are_kept_in_utc():
    one = make()
    one.refused(Denied(None, "o"), client="a", route="r", now=NOW)
    last = one.figures().last_blocked_at
    assert last is not None
    assert last.tzinfo is UTC
