"""`make wheels`: whether every locked package has a wheel for each system that the portal runs on.

Asks the index that the environment names; downloads nothing. Exit 1 names what is missing.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LOCKS = ("requirements.lock", "requirements-dev.lock", "requirements-build.lock")
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
# Pure Python that is published as source alone: cosmic-ray's HTML report, which nothing here makes.
FROM_SOURCE = ("yattag",)
PLATFORMS = ("x86_64-manylinux_2_28", "aarch64-manylinux_2_28", "aarch64-apple-darwin")
# pip skips markers of another system than its own; uv evaluates them for the system asked about.
UV = shutil.which("uv", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")


def missing(python: str, platform: str, requirements: str) -> str:
    """What uv says is missing for one Python on one system; empty when nothing is."""
    command = [
        str(UV),
        "pip",
        "install",
        "--quiet",
        "--dry-run",
        "--no-deps",
        "--require-hashes",
        "--only-binary",
        ":all:",
        "--target",
        str(ROOT / ".build" / "wheels"),
        "--python-version",
        python,
        "--python-platform",
        platform,
        "-r",
        "-",
    ]
    done = subprocess.run(command, input=requirements, capture_output=True, text=True, check=False)
    return done.stderr.strip() if done.returncode else ""


def pins(lock: str) -> list[str]:
    """The entries of a lock, each with its hashes."""
    text = (ROOT / lock).read_text().replace("\\\n", " ")
    return [line for line in text.splitlines() if "==" in line and not line.startswith(FROM_SOURCE)]


def main() -> int:
    """Print a line for each combination, and below it the packages without a wheel."""
    is_complete = True
    for python in PYTHONS:
        for platform in PLATFORMS:
            for lock in LOCKS:
                entries = pins(lock)
                if not missing(python, platform, "\n".join(entries)):
                    print(f"{python} {platform} {lock}: all {len(entries)} have wheels")
                    continue
                is_complete = False
                names = [one.split("==")[0] for one in entries if missing(python, platform, one)]
                print(f"{python} {platform} {lock}: no wheel of {', '.join(names)}")
    return 0 if is_complete else 1


if __name__ == "__main__":
    raise SystemExit(main())
