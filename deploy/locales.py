"""Leave out of an environment what Babel knows of languages that the portal does not speak.

Those are a thousand, and 34 of Babel's 36 MB. `make install` runs `python -m deploy.locales` in
the environment that it makes; an image or a wheel that is installed elsewhere has Babel whole.
"""

import sys
from pathlib import Path

import babel

from portal.board import languages

FOLDER = Path(babel.__file__).parent / "locale-data"
# What every language stands on.
ROOT = "root"


def spare(folder: Path = FOLDER) -> None:
    """Take out what is not spoken; SystemExit where something is missing that is."""
    spoken = {ROOT, *languages.NAMES}
    found = {path.stem: path for path in folder.glob("*.dat")}
    if missing := sorted(spoken - found.keys()):
        sys.exit(f"Babel has no data for {', '.join(missing)} here. Remove .venv and try again.")
    for name in found.keys() - spoken:
        found[name].unlink()


if __name__ == "__main__":
    spare()
