"""How much there is in a grown portal, and how often something was made."""

from tests.sites import Site

COMPONENTS, INCIDENTS = 12, 300


def work(site: Site) -> tuple[int, int, int]:
    """How often past days and views of components, and incidents, were made so far."""
    history = site.portal.board._history
    return history.computed, history.viewed, history.incidents.made


def done(before: tuple[int, int, int], after: tuple[int, int, int]) -> tuple[int, ...]:
    return tuple(two - one for one, two in zip(before, after, strict=True))
