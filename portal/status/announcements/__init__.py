"""Announcements: a message to an audience with a severity and a time span."""

from portal.status.announcements.acts import Announcements, notify
from portal.status.announcements.announcement import Announcement, check_times
from portal.status.announcements.queries import PARTS, find, for_board, free_slug, listed
from portal.status.announcements.schemas import (
    AnnouncementIn,
    AnnouncementOut,
    AnnouncementTimes,
    StatusChange,
    out,
)
