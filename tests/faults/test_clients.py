"""Clients that send too much, too slowly, too often, or with the wrong token."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.faults.invariants import Pace, holds, quick
from tests.patience import until
from tests.process_trees import memory_of, web_processes
from tests.processes import Served
from tests.sites import figure

MEGABYTE = 1024 * 1024
PATHS = ("/", "/api/status", "/health/live", "/health/ready", "/panel/login")


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with Served(tmp_path / "data", "--no-worker", PORTAL_RATE_LIMIT="1000000/minute") as running:
        # All threads and caches are there before memory is looked at.
        with ThreadPoolExecutor(24) as threads:
            for path in PATHS:
                list(threads.map(running.get, [path] * 100))
        yield running


def growth(served: Served, before: int) -> float:
    (pid,) = web_processes(served)
    return (memory_of(pid) - before) / MEGABYTE


@pytest.mark.fault(18)
def test_a_gigabyte_without_a_length_is_cut_off(served: Served):
    (pid,) = web_processes(served)
    before = memory_of(pid)
    chunk = b"100000\r\n" + b"a" * MEGABYTE + b"\r\n"
    sent = 0
    answer = b""
    head = b"POST /panel/login HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n"
    with socket.create_connection(("127.0.0.1", served.port), timeout=60) as connection:
        connection.sendall(head)
        most = 0.0
        with contextlib.suppress(OSError):
            for _ in range(1024):
                connection.sendall(chunk)
                sent += MEGABYTE
                most = max(most, growth(served, before))
        with contextlib.suppress(OSError):
            answer = connection.recv(4096)
    assert sent < 64 * MEGABYTE
    assert answer == b"" or answer.startswith(b"HTTP/1.1 413")
    assert most < 10
    assert growth(served, before) < 10
    assert quick(served, "/").status == 200
    assert list((served.folder).glob("tmp*")) == []


@pytest.mark.fault(19)
@pytest.mark.slow
def test_five_hundred_slow_connections_hold_nobody_up(served: Served):
    (pid,) = web_processes(served)
    before = memory_of(pid)
    stop = threading.Event()
    slow: list[socket.socket] = []
    for number in range(500):
        one = socket.create_connection(("127.0.0.1", served.port), timeout=60)
        # Half of them trickle headers, half a body that was promised.
        one.sendall(
            b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-"
            if number % 2
            else b"POST /panel/login HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n\r\n"
        )
        slow.append(one)

    def trickle() -> None:
        while not stop.wait(1.0):
            for one in slow:
                with contextlib.suppress(OSError):
                    one.send(b"a")

    dripping = threading.Thread(target=trickle)
    dripping.start()
    try:
        most = 0.0
        begun, pace = time.monotonic(), Pace(served)
        while time.monotonic() - begun < 8:
            for path in PATHS:
                assert pace.get(path).status == 200
            most = max(most, growth(served, before))
        assert most < 10
        pace.holds(0.5)

        def closed() -> int:
            gone = 0
            for one in slow:
                one.setblocking(False)
                with contextlib.suppress(BlockingIOError, OSError):
                    gone += one.recv(4096, socket.MSG_PEEK) is not None
            return gone

        # Headers have 10 s, bodies 15 s.
        until(lambda: closed() == 500, what="the end of the slow ones")
    finally:
        stop.set()
        dripping.join()
        for one in slow:
            one.close()
    holds(served)


@pytest.mark.fault(22)
@pytest.mark.process
def test_five_thousand_polls_in_the_second_a_window_starts(tmp_path: Path):
    with Served(tmp_path / "data", "--no-worker", PORTAL_RATE_LIMIT="1000000/minute") as served:
        served.get("/")
        before = figure(served.scrape().text, "gigvora_board_revision")
        statuses: list[int] = []
        took: list[float] = []
        lock = threading.Lock()

        def poll(_: int) -> None:
            etag = ""
            with socket.create_connection(("127.0.0.1", served.port), timeout=60) as connection:
                reader = connection.makefile("rb")
                for _ in range(250):
                    begun = time.monotonic()
                    condition = f"If-None-Match: {etag}\r\n" if etag else ""
                    connection.sendall(
                        f"GET /banner HTTP/1.1\r\nHost: 127.0.0.1\r\n{condition}\r\n".encode()
                    )
                    status = int(reader.readline().split()[1])
                    length = 0
                    while line := reader.readline().strip():
                        name, _, value = line.partition(b":")
                        if name.lower() == b"content-length":
                            length = int(value)
                        elif name.lower() == b"etag":
                            etag = value.strip().decode()
                    reader.read(length if status == 200 else 0)
                    with lock:
                        statuses.append(status)
                        took.append(time.monotonic() - begun)

        with ThreadPoolExecutor(21) as threads:
            opened = threads.submit(
                served.run, "maintenance", "start", "--title", "Now", "--duration", "1h"
            )
            list(threads.map(poll, range(20)))
            opened.result()
        assert len(statuses) == 5000
        assert set(statuses) <= {200, 304}
        # One full answer a connection for each picture that it met, never one a poll.
        assert statuses.count(200) <= 20 * 4
        assert sorted(took)[len(took) * 99 // 100] < 1.0
        until(lambda: "Now" in served.get("/banner").text, what="the window")
        assert figure(served.scrape().text, "gigvora_board_revision") == before + 1


@pytest.mark.fault(26)
def test_a_thousand_wrong_tokens_change_nothing_for_the_right_one(served: Served):
    assert served.scrape().status == 200
    before = served.scrape().text
    wrong = {"Authorization": "Bearer " + "w" * 40}
    with ThreadPoolExecutor(8) as threads:
        statuses = list(
            threads.map(lambda _: served.get("/health/metrics", **wrong).status, range(1000))
        )
    assert set(statuses) == {403}
    after = served.scrape()
    assert after.status == 200
    rejections = 'gigvora_metrics_scrape_rejections_total{reason="invalid"}'
    assert figure(after.text, rejections) == figure(before, rejections) + 1000
    scrapes = "gigvora_metrics_scrapes_total"
    assert figure(after.text, scrapes) == figure(before, scrapes) + 1
    holds(served)
