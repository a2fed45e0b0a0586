"""The permanent pages as the last picture has them, for when the database cannot be asked.

A picture holds what goes on, what comes next and what was over lately. What it does not hold is
None here.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from portal.board.banners import Banner
from portal.board.incidents import Postmortem
from portal.board.picture import Picture
from portal.status import prose
from portal.status.retrospectives import RetrospectiveOut
from portal.status.terms import Audience, Status
from portal.status.translations import Texts
from portal.status.windows import WindowStatus

_STATUS = {
    Status.SCHEDULED: WindowStatus.SCHEDULED,
    Status.ACTIVE: WindowStatus.ACTIVE,
    Status.RESOLVED: WindowStatus.ENDED,
}


@dataclass(frozen=True)
class KeptWindow:
    """What a picture tells of a window, as the pages of windows read it."""

    reference: str
    title: str
    status: WindowStatus
    zone: str
    starts_at: datetime
    ends_at: datetime
    ended_at: datetime | None
    # The plan's first end and what to expect are in no picture.
    first_ends_at: datetime
    impact: str = ""
    # Its title is in the reader's language already.
    translations: Texts = field(default_factory=dict)


def incident(picture: Picture, reference: str) -> dict[str, Any] | None:
    """What the page of an incident shows."""
    found = picture.incident(reference.upper())
    if found is None or not found.is_public:
        return None
    names = {one.slug: one.name for one in picture.public_components}
    return {
        "incident": found,
        "names": [
            (names[one.component], one.state) for one in found.components if one.component in names
        ],
        **learned(found.postmortem),
    }


def learned(told: Postmortem | RetrospectiveOut | None) -> dict[str, Any]:
    """What was learned, for the page of an incident."""
    return {
        "retrospective": told,
        "impact_html": prose.to_html(told.impact) if told else "",
        "cause_html": prose.to_html(told.root_cause) if told else "",
    }


def window(picture: Picture, ref: str) -> dict[str, Any] | None:
    """What the page of a window shows; not what is left of each component."""
    for banner, is_cancelled in _windows(picture):
        if banner.ref == ref:
            return {
                "window": _kept(banner, is_cancelled=is_cancelled),
                "message_html": banner.message_html,
                "names": [
                    (one.name, None)
                    for one in picture.public_components
                    if one.slug in banner.components
                ],
            }
    return None


def history(picture: Picture, begin: datetime, end: datetime) -> dict[str, Any] | None:
    """What the page of a month shows, of the month in which the picture was confirmed alone."""
    if not begin <= picture.generated_at < end:
        return None
    events = [one for one in picture.incidents if one.is_public and begin <= one.started_at < end]
    planned = [
        _kept(banner, is_cancelled=is_cancelled)
        for banner, is_cancelled in _windows(picture)
        if begin <= banner.starts_at < end
    ]
    return {
        "incidents": sorted(events, key=lambda one: one.started_at, reverse=True),
        "windows": sorted(planned, key=lambda one: one.starts_at, reverse=True),
        "is_partial": True,
    }


def _windows(picture: Picture) -> list[tuple[Banner, bool]]:
    """The public ones, each with whether it was called off."""
    found = [(one, False) for one in picture.banners if one.kind == "window"]
    found += [(one, True) for one in picture.cancelled]
    return [(one, is_off) for one, is_off in found if Audience.PUBLIC in one.audiences]


def _kept(banner: Banner, *, is_cancelled: bool) -> KeptWindow:
    assert banner.ends_at is not None
    return KeptWindow(
        reference=banner.ref,
        title=banner.title,
        status=WindowStatus.CANCELLED if is_cancelled else _STATUS[banner.status],
        zone=banner.zone,
        starts_at=banner.starts_at,
        ends_at=banner.ends_at,
        ended_at=None if is_cancelled else banner.resolved_at,
        first_ends_at=banner.ends_at,
    )
