"""Draw the rooms of the portal from its imports: `docs/images/rooms.svg` and a table.

A room is a package or module directly under `portal`. Its row is its layer in the import-linter
contract of `pyproject.toml`, its purpose the first paragraph of its docstring. The picture leaves
out an arrow that a longer way says already; the table in `docs/architecture.md` has all of them.

One file, longer than others: reading, laying out and drawing are of no use apart.
"""

import ast
import re
import textwrap
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field
from html import escape
from pathlib import Path

import grimp

ROOT = Path(__file__).resolve().parent.parent
PICTURE = ROOT / "docs/images/rooms.svg"
PAGE = ROOT / "docs/architecture.md"
BEGIN = "<!-- rooms: written by `make docs` -->"
END = "<!-- end of rooms -->"

BOX_WIDTH, BOX_HEIGHT = 262, 84
ROW_GAP, GAP, LANE_WIDTH = 38, 22, 14
MARGIN = 24
CHARACTERS, MOST_LINES = 36, 3
ROUNDS = 24

STYLE = """
  .paper { fill: #ffffff; } .box { fill: #f3f5f8; stroke: #8792a2; }
  .beside { fill: none; stroke: #8792a2; stroke-dasharray: 5 4; }
  .name { font: 600 15px system-ui, sans-serif; fill: #16202e; }
  .text { font: 12px system-ui, sans-serif; fill: #45505f; }
  .way { fill: none; stroke: #5a6b85; stroke-width: 1.4; } .head { fill: #5a6b85; }
  @media (prefers-color-scheme: dark) {
    .paper { fill: #11161d; } .box { fill: #1c242f; stroke: #64748b; }
    .beside { stroke: #64748b; } .name { fill: #eef2f7; } .text { fill: #b6c2d1; }
    .way { stroke: #8fa3bf; } .head { fill: #8fa3bf; }
  }
"""


@dataclass(frozen=True)
class Rooms:
    """The rooms by layer, the highest first, what each is for, and what each imports."""

    layers: tuple[tuple[str, ...], ...]
    beside: tuple[str, ...]
    purposes: dict[str, str]
    imports: dict[str, frozenset[str]]


@dataclass
class Spot:
    """A box, or the lane of an arrow that passes a row; `x` is its middle."""

    room: str | None
    x: float = 0.0
    above: list["Spot"] = field(default_factory=list)
    below: list["Spot"] = field(default_factory=list)

    @property
    def width(self) -> int:
        return LANE_WIDTH if self.room is None else BOX_WIDTH


def read() -> Rooms:
    """The rooms as the code has them now."""
    layers = _layers()
    placed = [room for layer in layers for room in layer]
    found = sorted(path.stem for path in (ROOT / "portal").iterdir() if _is_room(path))
    graph = grimp.build_graph("portal", cache_dir=None)
    imports: dict[str, set[str]] = {room: set() for room in found}
    for module in graph.modules:
        for imported in graph.find_modules_directly_imported_by(module):
            one, other = _room_of(module), _room_of(imported)
            if one != other and one in imports and other in imports:
                imports[one].add(other)
    beside = ("__init__", *(room for room in found if room not in placed))
    return Rooms(
        layers=layers,
        beside=beside,
        purposes={room: _purpose(room) for room in (*placed, *beside)},
        imports={room: frozenset(others) for room, others in imports.items()},
    )


def _layers() -> tuple[tuple[str, ...], ...]:
    config = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = config["tool"]["importlinter"]["contracts"]
    (layers,) = (one["layers"] for one in contracts if one["type"] == "layers")
    return tuple(tuple(re.findall(r"portal\.(\w+)", layer)) for layer in layers)


def _is_room(path: Path) -> bool:
    if path.is_dir():
        return (path / "__init__.py").is_file()
    return path.suffix == ".py" and path.stem != "__init__"


def _room_of(module: str) -> str:
    return [*module.split("."), "__init__"][1]


def _purpose(room: str) -> str:
    """The first paragraph of a room's docstring, on one line."""
    path = ROOT / "portal" / room / "__init__.py"
    if not path.is_file():
        path = ROOT / "portal" / f"{room}.py"
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    if not text:
        raise ValueError(f"{path.relative_to(ROOT)} has no docstring that says what it is for")
    return " ".join(text.split("\n\n")[0].split())


def file_of(room: str) -> str:
    """Where a room is, as a path in the repository."""
    if (ROOT / "portal" / room).is_dir():
        return f"portal/{room}/"
    return f"portal/{room}.py"


def reduced(imports: dict[str, frozenset[str]]) -> set[tuple[str, str]]:
    """The imports without those that a longer way says already."""

    def reach(room: str) -> set[str]:
        found: set[str] = set()
        waiting = [room]
        while waiting:
            new = imports[waiting.pop()] - found
            found |= new
            waiting += new
        return found

    return {
        (room, other)
        for room, others in imports.items()
        for other in others
        if not any(other in reach(between) for between in others - {other})
    }


def table(rooms: Rooms) -> str:
    """The rooms and all of their imports, as Markdown."""
    order = [room for layer in rooms.layers for room in layer]
    lines = ["| room | what it is for | imports |", "| --- | --- | --- |"]
    for room in order:
        others = ", ".join(one for one in order if one in rooms.imports[room]) or "nothing"
        lines.append(f"| `{file_of(room)}` | {_plain(rooms.purposes[room])} | {others} |")
    for room in rooms.beside:
        lines.append(f"| `{file_of(room)}` | {_plain(rooms.purposes[room])} | beside the layers |")
    return "\n".join(lines)


def page(text: str, rooms: Rooms) -> str:
    """`text` with the table between its marks as it should stand."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{table(rooms)}\n\n{END}{after}"


def picture(rooms: Rooms) -> str:
    """The rooms as SVG, one row a layer."""
    rows = _rows(rooms)
    _place(rows)
    left = min(spot.x - spot.width / 2 for row in rows for spot in row)
    right = max(spot.x + spot.width / 2 for row in rows for spot in row)
    step = GAP + BOX_WIDTH
    left = min(left, -(len(rooms.beside) * step - GAP) / 2)
    right = max(right, (len(rooms.beside) * step - GAP) / 2)
    width = round(right - left) + 2 * MARGIN
    height = 2 * MARGIN + (len(rows) + 1) * BOX_HEIGHT + len(rows) * ROW_GAP
    for row in rows:
        for spot in row:
            spot.x += MARGIN - left
    parts = [f'<rect class="paper" width="{width}" height="{height}" rx="10"/>']
    for number, row in enumerate(rows):
        for spot in row:
            if spot.room is not None:
                parts += _ways(spot, number)
    for number, row in enumerate(rows):
        for spot in row:
            if spot.room is not None:
                parts += _box(spot.room, spot.x, number, rooms.purposes[spot.room], "box")
    middle = (len(rooms.beside) - 1) / 2
    for place, room in enumerate(rooms.beside):
        x = MARGIN - left + (place - middle) * step
        parts += _box(room, x, len(rows), rooms.purposes[room], "beside")
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}"'
        f' width="{width}" height="{height}" role="img" aria-labelledby="title">\n'
        '<title id="title">The rooms of the portal, and what each imports</title>\n'
        f"<style>{STYLE}</style>\n"
        '<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8"'
        ' markerHeight="8" orient="auto"><path class="head" d="M0 0 8 4 0 8z"/></marker></defs>\n'
    )
    return head + "\n".join(parts) + "\n</svg>\n"


def _rows(rooms: Rooms) -> list[list[Spot]]:
    """Boxes and lanes; every spot is tied to those it meets in the next row."""
    rows = [[Spot(room) for room in layer] for layer in rooms.layers]
    boxes = {spot.room: (number, spot) for number, row in enumerate(rows) for spot in row}
    within = {room: rooms.imports[room] & {str(name) for name in boxes} for room in map(str, boxes)}
    for room, other in sorted(reduced(within)):
        number, spot = boxes[room]
        last, target = boxes[other]
        for between in range(number + 1, last):
            lane = Spot(None)
            rows[between].append(lane)
            _tie(spot, lane)
            spot = lane
        _tie(spot, target)
    return rows


def _tie(upper: Spot, lower: Spot) -> None:
    upper.below.append(lower)
    lower.above.append(upper)


def _place(rows: list[list[Spot]]) -> None:
    """Put every spot near the middle of those it is tied to, and none over another."""
    for row in rows:
        _spread(row, [(place - (len(row) - 1) / 2) * 200 for place in range(len(row))])
    for turn in range(ROUNDS):
        for row in rows if turn % 2 else reversed(rows):
            wanted = {id(spot): _middle([*spot.above, *spot.below], spot.x) for spot in row}
            if turn < ROUNDS // 2:
                row.sort(key=lambda spot: wanted[id(spot)])
            _spread(row, [wanted[id(spot)] for spot in row])
    middle = (
        min(spot.x - spot.width / 2 for row in rows for spot in row)
        + max(spot.x + spot.width / 2 for row in rows for spot in row)
    ) / 2
    for row in rows:
        for spot in row:
            spot.x -= middle


def _middle(others: Iterable[Spot], otherwise: float) -> float:
    places = [one.x for one in others]
    return sum(places) / len(places) if places else otherwise


def _spread(row: list[Spot], wanted: list[float]) -> None:
    """The nearest places to `wanted` that keep the order and the gaps, by least squares."""
    offsets, reach = [], 0.0
    for number, spot in enumerate(row):
        if number:
            reach += row[number - 1].width / 2 + GAP + spot.width / 2
        offsets.append(reach)
    blocks: list[list[float]] = []  # sum and count of what moves together
    for place, offset in zip(wanted, offsets, strict=True):
        blocks.append([place - offset, 1])
        while len(blocks) > 1 and blocks[-2][0] / blocks[-2][1] > blocks[-1][0] / blocks[-1][1]:
            total, count = blocks.pop()
            blocks[-1][0] += total
            blocks[-1][1] += count
    places = [total / count for total, count in blocks for _ in range(int(count))]
    for spot, place, offset in zip(row, places, offsets, strict=True):
        spot.x = place + offset


def _top(number: int) -> int:
    return MARGIN + number * (BOX_HEIGHT + ROW_GAP)


def _ways(spot: Spot, number: int) -> list[str]:
    """The arrows that leave a box, each through its lanes to the box it ends at."""
    parts = []
    for first in spot.below:
        x, y = _port(spot, first, spot.below), _top(number) + BOX_HEIGHT
        drawn, upper, lower, row = f"M{x:.0f} {y}", spot, first, number + 1
        while True:
            end = lower.x if lower.room is None else _port(lower, upper, lower.above)
            top = _top(row)
            bend = (top - y) / 2
            drawn += f" C{x:.0f} {y + bend:.0f} {end:.0f} {top - bend:.0f} {end:.0f} {top}"
            if lower.room is not None:
                break
            y = top + BOX_HEIGHT
            drawn += f" V{y}"
            x, upper, lower, row = end, lower, lower.below[0], row + 1
        parts.append(f'<path class="way" marker-end="url(#head)" d="{drawn}"/>')
    return parts


def _port(spot: Spot, other: Spot, others: list[Spot]) -> float:
    """Where an arrow meets a box: side by side, in the order of their other ends."""
    order = sorted(range(len(others)), key=lambda place: others[place].x)
    place = next(n for n, index in enumerate(order) if others[index] is other)
    return spot.x + (place - (len(others) - 1) / 2) * min(34, BOX_WIDTH / (len(others) + 1))


def _box(room: str, x: float, row: int, purpose: str, kind: str) -> list[str]:
    left, top = round(x - BOX_WIDTH / 2), _top(row)
    lines = textwrap.wrap(_plain(purpose), CHARACTERS)
    parts = [
        f'<rect class="{kind}" x="{left}" y="{top}" width="{BOX_WIDTH}" height="{BOX_HEIGHT}"'
        ' rx="8"/>',
        f'<text class="name" x="{left + 12}" y="{top + 23}">'
        f"{escape(file_of(room).removeprefix('portal/'))}</text>",
    ]
    if len(lines) > MOST_LINES:
        raise ValueError(f"the first paragraph of {file_of(room)} is too long for its box")
    for number, line in enumerate(lines):
        y = top + 42 + number * 15
        parts.append(f'<text class="text" x="{left + 12}" y="{y}">{escape(line)}</text>')
    return parts


def _plain(text: str) -> str:
    return text.replace("`", "")


def write() -> None:
    """Bring the picture and the table up to date."""
    rooms = read()
    PICTURE.write_text(picture(rooms), encoding="utf-8")
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8"), rooms), encoding="utf-8")


if __name__ == "__main__":
    write()
