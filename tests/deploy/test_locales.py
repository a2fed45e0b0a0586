"""What Babel knows is left in an environment for the languages that are spoken."""

from datetime import date
from pathlib import Path

import pytest
from babel import Locale, dates

from deploy import locales
from portal.board import languages

pytestmark = pytest.mark.unit


def test_what_is_spoken_stays_and_the_rest_goes(tmp_path: Path):
    for name in (*languages.NAMES, "root", "de_AT", "pt", "sr_Latn_RS"):
        (tmp_path / f"{name}.dat").touch()
    (tmp_path / "LICENSE.unicode").touch()
    for _ in range(2):  # and again, when packages are renewed
        locales.spare(tmp_path)
        left = {one.name for one in tmp_path.iterdir()}
        assert left == {f"{name}.dat" for name in (*languages.NAMES, "root")} | {"LICENSE.unicode"}


def test_a_language_that_was_taken_out_is_told(tmp_path: Path):
    for name in ("root", "en", "fr", "es", "ja"):
        (tmp_path / f"{name}.dat").touch()
    with pytest.raises(SystemExit, match=r"no data for ar, de here. Remove .venv"):
        locales.spare(tmp_path)


@pytest.mark.parametrize("name", languages.NAMES)
def test_a_language_needs_no_other_ones_data(name: str):
    """Babel looks where a language stands: below its own name there is the root alone."""
    assert "_" not in name
    assert dates.format_skeleton("MMMMEEEEd", date(2030, 6, 3), locale=name, fuzzy=True)
    assert Locale.parse(name).percent_formats
