"""Parts of the log as files that can be checked by themselves."""

from pathlib import Path

import pytest

from portal.audit import chain, segments
from tests.audit.segments import export, fill, last
from tests.sites import Site


def test_an_exported_segment_can_be_checked_by_itself(either: Site, tmp_path: Path):
    fill(either, 1203)
    whole = export(either, tmp_path / "whole")
    part = export(either, tmp_path / "part", first=400, last=800)
    assert (whole.first, whole.last) == (1, 1203)
    assert (part.first, part.last) == (400, 800)
    assert list(segments.verify(tmp_path / "whole")) == [
        chain.Verdict(1000, None),
        chain.Verdict(1203, None),
    ]
    assert last(tmp_path / "part") == chain.Verdict(401, None)
    assert export(either, tmp_path / "none", first=5000) is None
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    ("harm", "bad"),
    [
        ("altered", 12),
        ("removed", 12),
        ("inserted", 13),
        ("cut off", 20),
        ("added", 21),
        ("ended twice", 21),
    ],
)
def test_a_segment_that_was_tampered_with_names_the_first_bad_event(
    site: Site, tmp_path: Path, harm: str, bad: int
):
    fill(site, 20)
    path = tmp_path / "segment"
    export(site, path)
    rows = path.read_bytes().splitlines(keepends=True)
    if harm == "altered":
        rows[12] = rows[12].replace(b'"ada"', b'"eve"')
    elif harm == "removed":
        del rows[12]
    elif harm == "inserted":
        rows.insert(13, rows[12])
    elif harm == "added":
        rows.append(rows[20])
    elif harm == "ended twice":
        rows.append(rows[-1])
    else:
        rows = rows[:-2]
    path.write_bytes(b"".join(rows))
    assert last(path).first_bad_seq == bad


def test_a_file_of_another_kind_is_no_segment(tmp_path: Path):
    (tmp_path / "notes").write_text("hello\n")
    with pytest.raises(ValueError, match="not an audit log segment"):
        last(tmp_path / "notes")
