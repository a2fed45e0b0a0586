"""What `docker build` sends: `python -m deploy.context` lists it, by the rules of .dockerignore.

The last pattern that matches a file, or a folder above it, decides.
"""

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
_PARTS = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
_SPECIAL = re.compile(r"\*\*/|\*\*|\*|\?")


def sent(root: Path = ROOT) -> Iterator[str]:
    """The files below `root` that a build sees."""
    patterns = list(_patterns((root / ".dockerignore").read_text()))
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root).as_posix()
        if path.is_file() and not _is_ignored(name, patterns):
            yield name


def _is_ignored(name: str, patterns: list[tuple[bool, re.Pattern[str]]]) -> bool:
    steps = name.split("/")
    above = ["/".join(steps[:number]) for number in range(1, len(steps) + 1)]
    ignored = False
    for ignores, pattern in patterns:
        if any(pattern.fullmatch(one) for one in above):
            ignored = ignores
    return ignored


def _patterns(text: str) -> Iterator[tuple[bool, re.Pattern[str]]]:
    for line in text.splitlines():
        line = line.strip()
        if line and not line.startswith("#"):
            yield not line.startswith("!"), _compiled(line.removeprefix("!").strip("/"))


def _compiled(pattern: str) -> re.Pattern[str]:
    made, end = "", 0
    for found in _SPECIAL.finditer(pattern):
        made += re.escape(pattern[end : found.start()]) + _PARTS[found[0]]
        end = found.end()
    return re.compile(made + re.escape(pattern[end:]))


if __name__ == "__main__":
    print(*sent(), sep="\n")
