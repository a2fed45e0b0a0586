"""Events to page through, and which of them a page shows."""

import re

from tests.sites import Site


def fill(site: Site, number: int) -> None:
    for one in range(number):
        site.portal.core.audit_log.append(
            "incident.noted", actor="ada" if one % 2 else "ben", incident=f"INC-2030-{one:04}"
        )


def numbers(page: str) -> list[int]:
    return [int(one) for one in re.findall(r'<li id="event-(\d+)">', page)]
