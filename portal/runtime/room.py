"""What the room of the platform's figures holds."""

from collections.abc import Callable
from dataclasses import asdict, dataclass

from portal.core import Core
from portal.runtime.acknowledgements import Acknowledgements
from portal.runtime.counters import Counters
from portal.runtime.episodes import Episodes
from portal.runtime.exporter import Exporter
from portal.runtime.feed import BoardFigures, Feed, MonitorFigures
from portal.runtime.foreign_alerts import ForeignAlerts
from portal.runtime.node import Node
from portal.runtime.snapshot import DatabasePool, Perimeter, RateLimit, Waf
from portal.runtime.workers import Workers


@dataclass(frozen=True)
class Runtime:
    """The counters, what is read from them and from other processes, and what is stored."""

    counters: Counters
    node: Node
    workers: Workers
    episodes: Episodes
    foreign_alerts: ForeignAlerts
    acknowledgements: Acknowledgements
    exporter: Exporter
    feed: Feed


def build(
    core: Core,
    counters: Counters,
    *,
    rate_limit: Callable[[], RateLimit],
    waf: Callable[[], Waf],
    perimeter: Callable[[], Perimeter],
    phase: Callable[[], tuple[str, int]],
    board: Callable[[], BoardFigures],
    monitors: Callable[[], list[MonitorFigures]],
    on_change: Callable[[], None],
) -> Runtime:
    """The figures of this process, as each room has them; `on_change` follows what changed."""

    def pool() -> DatabasePool:
        return DatabasePool(engine=core.engine.dialect.name, **asdict(core.pool.figures()))

    node = Node(
        core.settings.run_dir,
        rate_limit=rate_limit,
        waf=waf,
        perimeter=perimeter,
        pool=pool,
        phase=phase,
    )
    workers = Workers(core.settings.workers_declared, core.open_session)
    feed = Feed(
        counters,
        rate_limit=node.rate_limit,
        waf=node.waf,
        perimeter=node.perimeter,
        pool=node.pool,
        workers=workers.all,
        board=board,
        monitors=monitors,
        manual=[one.name for one in core.settings.metrics_tokens if one.is_manual],
    )
    exporter = Exporter(core.settings.run_dir, kept=core.settings.data_dir / "scraped")
    foreign = ForeignAlerts(core.open_session, on_change, expires=core.settings.alert_expires)
    return Runtime(
        counters,
        node,
        workers,
        Episodes(core.open_session),
        foreign,
        Acknowledgements(core.open_session),
        exporter,
        feed,
    )
