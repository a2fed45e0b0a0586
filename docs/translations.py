"""Bring `translations/*.po` up to what the public is told: `make translations`.

What is told stands in the public templates as `_("…")` and `ngettext(…)`, and in the tables below:
words that the code puts together.
"""

from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po
from jinja2.ext import babel_extract

from portal import field_errors
from portal.board import badges, feeds, indicators, languages
from portal.guard import refusal
from portal.notify import messages
from portal.notify.subscribers import hosts
from portal.web import access, errors, problems
from portal.web.catalogues import FOLDER

ROOT = Path(__file__).parents[1]
# What the public reads; parts of pages that the panel has too are among them.
PATTERNS = (
    "public/*.html",
    "parts/banner.html",
    "parts/board.html",
    "parts/coming.html",
    "parts/component.html",
    "parts/notice.html",
    "parts/past.html",
    "macros/around.html",
    "macros/banner.html",
    "macros/charts.html",
    "macros/choices.html",
    "macros/components.html",
    "macros/fields.html",
    "macros/icons.html",
    "macros/site.html",
    "macros/status.html",
    "macros/when.html",
    "mail/card.txt",
    "mail/code.txt",
    "mail/facts.txt",
    "mail/notice.*",
    "mail/question.*",
    "mail/frame.html",
)
# The reference is for programmers, and in English as the API is.
LEFT_OUT = frozenset({"docs.html"})
WORDS = (
    # macros/components.html, macros/status.html and macros/banner.html, by a state's name
    "Operational",
    "Under maintenance",
    "Degraded performance",
    "Partial outage",
    "Major outage",
    "Investigating",
    "Identified",
    "Monitoring",
    "Resolved",
    "Scheduled",
    "Proposed",
    "Active",
    "Ended",
    "Cancelled",
    "Completed",
    "Notice",
    "Maintenance",
    "Security",
    "Incident",
    "Degraded",
    "No data",
    # an incident's impact
    "none",
    "minor",
    "major",
    "critical",
    # portal/notify: topics
    "Incidents",
    "Announcements",
    # portal/web/public
    "Check your inbox",
    "We sent you a link. Open it within two days to confirm your subscription.",
    "This link is no longer valid",
    "Use the link in a newer message.",
    "Each link works once, within two days. Request a new one if you need it.",
    "Confirm your subscription",
    "We will send updates to %(address)s.",
    "Confirm subscription",
    "You are subscribed",
    "Every mail has a link to change your subscription and one to unsubscribe.",
    "Every message has a link to change your subscription and one to unsubscribe.",
    "This code is no longer valid",
    "Each code works once, within two days, and allows five tries."
    " You can request a new one after ten minutes.",
    "This is not the code. Copy it from the last message in the channel.",
    "Change your subscription",
    "Unsubscribe?",
    "We will stop sending mail to %(address)s and delete the address.",
    "Change my subscription instead",
    "You are not subscribed",
    "We will send nothing more to %(address)s and delete the address.",
    "We send you nothing and do not keep your address.",
    "Subscribe again",
    # portal/web/public/latency.py: how far back
    "Day",
    "Week",
    "90 days",
    # portal/web: problems that readers meet
    "Not Found",
    "Bad Request",
    "Too Many Requests",
    "Service Unavailable",
    "Forbidden",
    "Request Timeout",
    "Internal Server Error",
    "Method Not Allowed",
    "Request Entity Too Large",
    # A page's form is never JSON.
    *(text for status, text in errors.DETAILS.items() if status != 415),
    access.FOREIGN,
    "Write a month such as 2030-06.",
    "Many requests for this address or its host wait to be confirmed. Try again in an hour.",
    "This portal does not offer that.",
    "The portal cannot reach its database and has nothing to show yet. Try again soon.",
    field_errors.EMPTY,
    field_errors.NONE_CHOSEN,
    "is not a mail address; write it as name@example.com",
    "is not an address that mail can be sent to",
    problems.NOT_NOW,
    problems.TOO_OFTEN,
    # portal/web/wording.py
    "no end planned",
)


def messages_told() -> Iterator[str | tuple[str, str]]:
    """What has to be in every catalogue; a pair for what has a plural."""
    for path in templates():
        with path.open("rb") as file:
            for _, function, message, _ in babel_extract(
                file, ("_", "ngettext"), (), {"extensions": "jinja2.ext.i18n"}
            ):
                if function == "ngettext":
                    yield message[0], message[1]
                    continue
                # A variable has no text of its own; its words are in the tables below.
                text = message if isinstance(message, str | None) else message[0]
                if text:
                    yield text
    yield from WORDS
    yield from {text for _, text in indicators.WORDS}
    yield from (indicators.NOTHING_WATCHED, indicators.PARTLY_KNOWN)
    yield from (word for _, word in badges.OF_STATE.values())
    yield from (word for _, word in badges.OF_HEALTH.values())
    yield badges.IN_30_DAYS
    yield "status"
    yield from feeds.SPANS.values()
    yield from messages.WORDS
    yield from refusal.TEXTS
    yield from hosts.TEXTS


def templates() -> list[Path]:
    """The files of the public's templates."""
    folder = ROOT / "templates"
    found = {path for pattern in PATTERNS for path in folder.glob(pattern)}
    return sorted(path for path in found if path.name not in LEFT_OUT)


def main() -> None:
    """Add what is missing to each catalogue, drop what is told no more, and keep the rest."""
    FOLDER.mkdir(exist_ok=True)
    told = list(dict.fromkeys(messages_told()))
    for language in languages.NAMES:
        if language == languages.DEFAULT:
            continue
        path = FOLDER / f"{language}.po"
        known = Catalog(locale=language)
        if path.is_file():
            with path.open("rb") as file:
                known = read_po(file, locale=language)
        made = Catalog(locale=language, project="Portal", charset="utf-8", fuzzy=False)
        for message in told:
            name = message[0] if isinstance(message, tuple) else message
            old = known.get(name)
            made.add(message, old.string if old else None)
        with path.open("wb") as target:
            write_po(target, made, width=100, sort_output=True, omit_header=False)
        missing = sum(not all(_strings(one)) for one in made if one.id)
        print(f"{path.relative_to(ROOT)}: {len(told)} texts, {missing} to be translated")


def _strings(message: object) -> tuple[str, ...]:
    text = getattr(message, "string", "")
    return text if isinstance(text, tuple) else (text,)


if __name__ == "__main__":
    main()
