"""Logs hold no secrets and no forged lines, and a full disk does not stop the service."""

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from portal import logs
from tests.clocks import StandingClock
from tests.sites import Site


def text(lines: io.BytesIO) -> str:
    return lines.getvalue().decode()


@pytest.fixture
def lines() -> Iterator[io.BytesIO]:
    stream = io.BytesIO()
    before, handlers = structlog.get_config(), logging.getLogger().handlers[:]
    logs.configure(stream)
    yield stream
    structlog.configure(**before)
    logging.getLogger().handlers = handlers


def test_a_line_is_one_json_object_whatever_was_sent(lines: io.BytesIO):
    structlog.get_logger().warning("web.said", text='x\r\n{"event": "forged"}\u2028end')
    (line,) = text(lines).splitlines()[:1]
    assert text(lines).count("\n") == 1
    assert json.loads(line)["text"].startswith("x\r\n")


@pytest.mark.parametrize(
    ("fields", "secret"),
    [
        ({"authorization": "Bearer abcdef"}, "abcdef"),
        ({"Cookie": "session=abcdef"}, "abcdef"),
        ({"headers": {"X-Api-Key": "abcdef", "Set-Cookie": "abcdef"}}, "abcdef"),
        ({"error": "401 for Authorization: Bearer abcdef.ghi"}, "abcdef"),
        ({"url": "postgresql://portal:abcdef@host/db"}, "abcdef"),
        ({"url": "redis://:abcdef@host/0"}, "abcdef"),
        ({"path": "/x?token=abcdef&page=2"}, "abcdef"),
        ({"url": "https://x.logic.azure.com/y?sp=z&sig=abcdef"}, "abcdef"),
        ({"error": "404 for 'https://hooks.slack.com/services/T0/B0/abcdef'"}, "abcdef"),
        ({"list": [{"smtp_password": "abcdef"}]}, "abcdef"),
    ],
)
def test_secrets_are_left_out_wherever_they_stand(
    lines: io.BytesIO, fields: dict[str, object], secret: str
):
    structlog.get_logger().info("web.said", **fields)
    assert secret not in text(lines)
    assert "[redacted]" in text(lines)


def test_an_error_of_a_library_takes_the_same_shape(lines: io.BytesIO):
    try:
        raise ValueError("password=abcdef")
    except ValueError:
        logging.getLogger("some.library").exception("it fell")
    row = json.loads(text(lines))
    assert (row["event"], row["logger"], row["text"]) == ("library.said", "some.library", "it fell")
    assert "ValueError" in row["exception"]
    assert "abcdef" not in text(lines)


def test_lines_that_a_full_disk_refuses_are_dropped_and_counted():
    before, handlers = structlog.get_config(), logging.getLogger().handlers[:]
    logs.take_dropped()
    try:
        with open("/dev/full", "wb", buffering=0) as full:
            logs.configure(full)
            structlog.get_logger().warning("web.said")
            logging.getLogger("some.library").error("it fell")
    finally:
        structlog.configure(**before)
        logging.getLogger().handlers = handlers
    assert logs.take_dropped() == 2
    assert logs.take_dropped() == 0


def test_a_request_has_a_name_in_its_answer_and_in_its_log_lines(
    site: Site, lines: io.BytesIO, monkeypatch: pytest.MonkeyPatch
):
    def falls() -> None:
        raise RuntimeError("secret=abcdef")

    monkeypatch.setitem(site.app.view_functions, "health.pointer", falls)
    answer = site.client().get("/health", headers={"X-Request-Id": "chosen-by-a-stranger"})
    identity = answer.headers["X-Request-Id"]
    assert answer.status_code == 500
    assert identity in answer.get_json()["detail"]
    assert identity != "chosen-by-a-stranger"
    row = json.loads(text(lines).splitlines()[-1])
    assert row["request_id"] == identity
    assert "RuntimeError" in row["exception"]
    assert "abcdef" not in text(lines)


def test_the_name_that_a_proxy_of_ours_gives_is_kept(build):
    from ipaddress import ip_network

    site = build(trusted_proxies=(ip_network("127.0.0.0/8"),))
    client = site.client()
    kept = client.get("/health", headers={"X-Request-Id": "edge-0123456789"})
    assert kept.headers["X-Request-Id"] == "edge-0123456789"
    odd = client.get("/health", headers={"X-Request-Id": "a b"})
    assert odd.headers["X-Request-Id"] != "a b"


def test_a_warning_that_is_met_again_and_again_is_one_line_in_half_a_minute(
    lines: io.BytesIO, still: StandingClock
):
    log = structlog.get_logger()
    for second in range(61):
        for _ in range(10):
            log.warning("board.database_unreachable", error="OperationalError")
            log.error("web.database_failed", second=second)
        if second == 5:
            log.warning("board.database_unreachable", error="TimeoutError")
        still.advance(seconds=1)
    written = [json.loads(line) for line in text(lines).splitlines()]
    said = [one for one in written if one["event"] == "board.database_unreachable"]
    assert [(one["error"], one.get("repeated")) for one in said] == [
        ("OperationalError", None),
        ("TimeoutError", None),
        ("OperationalError", 299),
        ("OperationalError", 299),
    ]
    assert len(written) - len(said) == 610, "what is no warning is never left out"


def test_what_is_remembered_of_warnings_is_bounded(still: StandingClock):
    repeats = logs.Repeats()
    for number in range(10_000):
        repeats(None, "warning", {"event": "x", "number": number})
    assert len(repeats._said) <= 200
