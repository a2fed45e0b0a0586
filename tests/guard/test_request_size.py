"""What is too large is refused before all else."""

import pytest

from portal.guard.head import of_environ
from tests.guard.world import World, head, passed, ready

pytestmark = pytest.mark.unit
MIB = 1024 * 1024


@pytest.mark.parametrize(
    ("values", "status", "why"),
    [
        ({}, None, "nothing is too large"),
        ({"length": str(MIB)}, None, "a mebibyte is the most"),
        ({"length": str(MIB + 1)}, 413, "a byte more"),
        ({"length": "0" * 11 + "1"}, None, "twelve digits can be read"),
        ({"length": "0" * 12 + "1"}, 413, "thirteen are not"),
        ({"length": "-1"}, 400, "no number"),
        ({"length": "1e3"}, 400, "no number"),
        ({"length": "١"}, 400, "no number of ours"),
        ({"length": ""}, None, "nothing is said"),
        ({"path": "/" + "a" * 8191}, None, "eight kibibytes are the most"),
        ({"path": "/" + "a" * 8192}, 414, "a byte more"),
        ({"path": "/" + "a" * 4095, "query": "b" * 4096}, None, "with the query"),
        ({"path": "/" + "a" * 4096, "query": "b" * 4096}, 414, "a byte more"),
        ({"path": "/" + "ä" * 1500}, 414, "as it is written on the wire: six bytes each"),
        ({"header_bytes": 32 * 1024}, None, "32 KiB of headers are the most"),
        ({"header_bytes": 32 * 1024 + 1}, 431, "a byte more"),
    ],
)
def test_what_is_too_large_is_refused_first(world: World, values, status, why):
    verdict = world.chain().judge(head(**values))
    if status is None:
        passed(verdict)
        return
    found = ready(verdict)
    assert found.status == status, why
    assert ("Connection", "close") in found.headers
    assert world.log == []


def test_headers_are_measured_by_name_and_value():
    made = of_environ(
        {
            "REQUEST_METHOD": "GET",
            "PATH_INFO": "/",
            "QUERY_STRING": "q",
            "HTTP_HOST": "abc",
            "HTTP_X_A": "de",
            "wsgi.version": "no header",
        }
    )
    assert made.header_bytes == len("HTTP_HOST") + 3 + len("HTTP_X_A") + 2
    assert made.header("x-a") == "de"
    assert made.header("nothing") is None
