"""Write `docs/settings.md` from the settings table."""

from pathlib import Path

from portal.settings import table

TARGET = Path(__file__).with_name("settings.md")


def text() -> str:
    """The page as it should stand."""
    rows = [
        f"| `{row.variable}` | {row.default} | {row.help}{' (secret)' if row.is_secret else ''} |"
        for row in table()
    ]
    return "\n".join(
        [
            "# Settings",
            "",
            "Environment variables; each also as `NAME_FILE`, the path of a file that holds the",
            "value. This page is written by `make docs` from `portal/settings/fields.py`.",
            "",
            "| setting | default | |",
            "| --- | --- | --- |",
            *rows,
            "",
        ]
    )


if __name__ == "__main__":
    TARGET.write_text(text(), encoding="utf-8")
