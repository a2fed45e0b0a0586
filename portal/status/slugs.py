"""Short names that are made from longer ones."""

import re
import unicodedata
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session


def stem(text: str, *, otherwise: str) -> str:
    """`E-Mail & Kalender` as `e-mail-kalender`; `otherwise` when nothing is left of it."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:55].strip("-") or otherwise


def free(session: Session, column: Any, wanted: str) -> str:
    """The name itself, or with a number behind it where others have it."""
    slug, number = wanted, 1
    while session.scalar(select(column).where(column == slug).limit(1)) is not None:
        number += 1
        slug = f"{wanted}-{number}"
    return slug
