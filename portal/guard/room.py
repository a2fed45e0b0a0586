"""What the guard's room holds, and how its parts hang together."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from portal.board.answer import Answer, Header
from portal.board.publish import Board
from portal.core import Core
from portal.guard import waf
from portal.guard.blocks import Blocks
from portal.guard.chain import Chain, Reads, Wsgi
from portal.guard.inspection import Inspection
from portal.guard.limits import Limits
from portal.guard.offences import Offences
from portal.guard.offenders import Offenders
from portal.guard.origins import Origins
from portal.guard.panel_polls import PanelPolls
from portal.guard.perimeter import Perimeter
from portal.guard.polls import Polls
from portal.guard.refusal import Page
from portal.guard.undeclared import UndeclaredProxies
from portal.lifecycle.phases import Phases
from portal.runtime.counters import Counters


@dataclass(frozen=True)
class Guard:
    """The parts that `portal.guard.chain` asks, and what they write down."""

    blocks: Blocks
    perimeter: Perimeter
    limits: Limits
    inspection: Inspection
    offences: Offences
    offenders: Offenders
    undeclared: UndeclaredProxies
    panels: PanelPolls


def build(core: Core, counters: Counters, limits: Limits, *, public: frozenset[str]) -> Guard:
    """`public` are the paths that any origin may read, if a setting says so."""
    settings, open_session = core.settings, core.open_session
    origins = Origins(
        settings.allowed_origins,
        own=settings.external_url,
        public=public,
        public_cors=settings.public_cors,
    )
    undeclared = UndeclaredProxies(settings.data_dir, settings.trusted_proxies)
    perimeter = Perimeter(
        open_session,
        counters,
        origins,
        trusted=settings.trusted_proxies,
        undeclared=undeclared.names,
    )
    blocks = Blocks(open_session, perimeter.refresh, trusted=settings.trusted_proxies)
    offences = Offences(
        settings.auto_block,
        blocks=blocks,
        perimeter=perimeter,
        counters=counters,
        open_session=open_session,
        trusted=settings.trusted_proxies,
        undeclared=undeclared,
    )
    engine = waf.load(settings.waf_engine, crs=settings.waf_crs, crs_blocks=settings.waf_crs_blocks)
    counters.expect_rules(engine.rules)
    counters.before_read.append(limits.settle)
    inspection = Inspection(engine, counters, offences)
    offenders = Offenders(
        open_session,
        {
            "key": (limits.top, limits.lock),
            "origin": (perimeter.top_origins, perimeter.counting),
            "rule": (inspection.rules, inspection.counting),
            "address": (inspection.addresses, inspection.counting),
            "agent": (inspection.agents, inspection.counting),
        },
    )
    panels = PanelPolls(
        settings.session_cookie, most=limits.limit, window_seconds=limits.window_seconds
    )
    return Guard(blocks, perimeter, limits, inspection, offences, offenders, undeclared, panels)


def chain(
    app: Wsgi,
    core: Core,
    guard: Guard,
    board: Board,
    phases: Phases,
    *,
    reads: Reads,
    static: Callable[[str], Answer | None],
    headers: tuple[tuple[str, str], ...],
    page: Page,
) -> Chain:
    """The chain in front of `app`; `page` makes the HTML of what it refuses."""

    def find(
        path: str, query_string: str, now: datetime, accept_language: str | None
    ) -> Answer | None:
        answers = board.current(now)
        return answers.find(path, query_string, now, accept_language) if answers else None

    def ready(path: str, header: Header) -> Answer | None:
        answers = board.current()
        return answers.ready(path, header) if answers else None

    hosts = core.settings.trusted_hosts
    polls = Polls(
        ready,
        guard.perimeter,
        guard.limits,
        behind_proxies=bool(core.settings.trusted_proxies),
        hosts=hosts,
    )
    return Chain(
        app,
        perimeter=guard.perimeter,
        limits=guard.limits,
        panels=guard.panels,
        inspection=guard.inspection,
        session_cookie=core.settings.session_cookie,
        probe_host=hosts[0].lstrip(".") if hosts else None,
        is_leaving=lambda: phases.is_leaving,
        find=find,
        trusted_proxies=core.settings.trusted_proxies,
        trusted_hosts=hosts,
        prefix=core.settings.prefix,
        undeclared=guard.undeclared,
        reads=reads,
        static=static,
        headers=headers,
        page=page,
        polls=polls,
    )
