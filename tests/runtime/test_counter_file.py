"""Counters survive a full disk: in memory where there is no room for their file."""

import errno
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.mmap_dict import MmapedDict

from portal.runtime.counter_file import CounterFile


def values(path: Path) -> dict[str, float]:
    found = MmapedDict.read_all_values_from_file(str(path))
    return {key: value for key, value, *_ in found}


def test_every_byte_is_there_before_it_is_mapped(tmp_path: Path):
    path = tmp_path / "counter_1.db"
    counters = CounterFile(str(path))
    assert path.stat().st_blocks * 512 >= path.stat().st_size > 0
    for number in range(3000):
        counters.write_value(f"key {number:0100}", float(number), 0.0)
    assert path.stat().st_blocks * 512 >= path.stat().st_size > 200_000
    assert len(values(path)) == 3000
    assert values(path)[f"key {2999:0100}"] == 2999.0
    counters.close()


def test_without_room_at_the_start_they_count_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    counters = CounterFile(str(tmp_path / "missing" / "counter_1.db"))
    counters.write_value("key", 5.0, 0.0)
    assert counters.read_value("key") == (5.0, 0.0)
    counters.close()


def test_without_room_to_grow_nothing_is_lost_in_this_process(tmp_path: Path):
    path = tmp_path / "counter_1.db"
    counters = CounterFile(str(path))
    counters.write_value("first", 7.0, 0.0)
    inner = counters._f

    class Full:
        def __getattr__(self, name: str) -> Any:
            return getattr(inner, name)

        def write(self, _: bytes) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

    counters._f = Full()
    for number in range(2000):
        counters.write_value(f"key {number:0100}", float(number), 0.0)
    assert counters.read_value("first") == (7.0, 0.0)
    assert counters.read_value(f"key {1999:0100}") == (1999.0, 0.0)
    assert values(path)["first"] == 7.0
    counters.close()
    inner.close()
