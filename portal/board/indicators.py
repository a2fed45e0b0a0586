"""The one word for all of it, and the sentence that goes with it: by what is said of each thing."""

from enum import StrEnum

from portal.status.components import State
from portal.status.incidents import ImpactLevel
from portal.status.terms import Severity

# What is said while nothing could say that something is wrong.
NOTHING_WATCHED = "Nothing is monitored yet"
# And where nobody could look at some components: what was not measured is not green.
PARTLY_KNOWN = "Some states are not known at the moment"


class Indicator(StrEnum):
    NONE = "none"
    MAINTENANCE = "maintenance"
    MINOR = "minor"
    MAJOR = "major"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        return _RANKS[self]


_RANKS = {indicator: number for number, indicator in enumerate(Indicator)}
OF_STATE = {
    State.OPERATIONAL: (Indicator.NONE, "All systems operational"),
    State.UNDER_MAINTENANCE: (Indicator.MAINTENANCE, "Under maintenance"),
    State.DEGRADED: (Indicator.MINOR, "Degraded performance"),
    State.PARTIAL: (Indicator.MAJOR, "Partial outage"),
    State.MAJOR: (Indicator.CRITICAL, "Major outage"),
}
OF_SEVERITY = {
    Severity.INFO: (Indicator.NONE, "All systems operational"),
    Severity.MAINTENANCE: (Indicator.MAINTENANCE, "Under maintenance"),
    Severity.SECURITY: (Indicator.MINOR, "Security notice"),
    Severity.INCIDENT: (Indicator.MAJOR, "Service disrupted"),
}
OF_IMPACT = {
    ImpactLevel.NONE: (Indicator.NONE, "All systems operational"),
    ImpactLevel.MINOR: (Indicator.MINOR, "Minor disruption"),
    ImpactLevel.MAJOR: (Indicator.MAJOR, "Service disrupted"),
    ImpactLevel.CRITICAL: (Indicator.CRITICAL, "Major outage"),
}


# All that the description of a picture can be, but for what nobody watches.
WORDS = (*OF_STATE.values(), *OF_SEVERITY.values(), *OF_IMPACT.values())
