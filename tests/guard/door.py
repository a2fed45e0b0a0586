"""What stands in front of Flask, with the shortest way of a poll and without it."""

from typing import Any

from portal.guard.chain import Passed
from portal.guard.head import Head
from tests.sites import Site


class Door:
    """A site behind its chain, with or without the shortest way; counts how often that was gone."""

    def __init__(self, site: Site, *, is_short: bool) -> None:
        self.site, self.chain, self.is_short = site, site.app.wsgi_app, is_short
        self.shortened = 0
        site.portal.board.refresh()
        site.portal.guard.perimeter.refresh()
        site.portal.board.is_supervised = site.portal.guard.perimeter.is_supervised = True

    def ask(self, path: str, peer: str, headers: dict[str, str]) -> tuple[int, Any, bytes]:
        if self.is_short:
            found = self.chain.polls.answer(path, peer, headers.get)
            if found is not None:
                self.shortened += 1
                return found[0], sorted(found[1]), found[2]
        verdict = self.chain.judge(
            Head(
                "GET",
                path,
                "",
                peer,
                headers.get("x-forwarded-for"),
                None,
                headers.get("origin"),
                0,
                headers.get,
            )
        )
        if isinstance(verdict, Passed):
            return 0, verdict.client, b""
        # References are made anew each time.
        body = b"" if verdict.status == 403 else verdict.body
        return verdict.status, sorted(verdict.headers), body

    def figures(self) -> tuple[Any, ...]:
        limits = self.site.portal.guard.limits
        shown = limits.figures()
        window = shown.current_window
        return (
            self.site.portal.runtime.counters.read(),
            (window.started_at, window.hits, window.allowed, window.blocked, window.active_keys),
            [(one.started_at, one.hits, one.blocked) for one in shown.history],
            sorted((one.key, one.hits, one.blocked) for one in limits.top.top(50)),
            sorted(
                (one.key, route.route, route.hits)
                for one in limits.top.top(50)
                for route in one.shown().routes
            ),
        )
