"""Portal: the assembly of an app, in order, and nothing else."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from apiflask import APIFlask
    from flask_limiter import Limiter

    from portal.rooms import Portal
    from portal.runtime.counters import Counters
    from portal.settings import Settings

VERSION = "0.1.0"
_HERE = Path(__file__).resolve().parent
IS_CHECKOUT = not (_HERE / "templates").is_dir()
# What holds `static` and `templates`: a checkout, or the package as a wheel has it.
ROOT = _HERE.parent if IS_CHECKOUT else _HERE


def create_app(settings: "Settings | None" = None) -> "APIFlask":
    """Wire one app; nothing runs, migrates or connects here."""
    # Whoever imports `portal`, or one of its rooms, does not load them all.
    from portal.guard import limiter as limiters
    from portal.guard import room as guards
    from portal.runtime.counters import Counters
    from portal.settings import load
    from portal.web import faces, headers, parameters, render
    from portal.web.look import Look

    settings = settings or load()
    app = faces.bare(settings)
    counters = Counters(settings.metrics_prefix)
    limiter = limiters.of(app, settings)
    portal = _rooms(app, settings, limiter, counters)
    app.extensions["portal"] = portal
    faces.put_on(app, settings, limiter=limiter, counters=counters)
    app.wsgi_app = guards.chain(  # type: ignore[method-assign]
        app.wsgi_app,
        portal.core,
        portal.guard,
        portal.board,
        portal.lifecycle.phases,
        reads=parameters.read_part,
        static=Look(settings).find,
        headers=headers.of(settings) + headers.PAGE_HEADERS,
        page=render.refusals(app, settings),
    )
    return app


def _rooms(
    app: "APIFlask", settings: "Settings", limiter: "Limiter", counters: "Counters"
) -> "Portal":
    """The rooms in their order; each is built on those before it."""
    from portal import core as cores
    from portal import extensions, rooms
    from portal.board import figures
    from portal.board import room as boards
    from portal.guard import limits
    from portal.guard import room as guards
    from portal.lifecycle import room as lifecycles
    from portal.lifecycle import serving
    from portal.lifecycle.phases import Phases
    from portal.monitors import room as monitoring
    from portal.monitors.gauges import Gauges
    from portal.notify import room as notifications
    from portal.runtime import room as runtimes
    from portal.runtime.overview import Overview
    from portal.runtime.shared import SharedSnapshot
    from portal.status import room as statuses
    from portal.web import catalogues, headers, render, wording

    with app.app_context():
        engine = extensions.db.engine
    keys = (app.config["SECRET_KEY"], *settings.secret_key_fallbacks)
    core = cores.build(settings, engine, secret_keys=keys)
    pages, page_of = render.public_pages(app, settings), render.component_page(app, settings)
    board = boards.build(
        core,
        pages,
        page_of,
        headers=headers.of(settings),
        page_headers=headers.PAGE_HEADERS,
        embed_headers=headers.embed(settings),
        say=catalogues.say,
        share=wording.uptime,
        speaking=catalogues.speaking(app),
    )
    status = statuses.build(
        core.open_session, board.refresh, requires_approval=settings.require_approval
    )
    notify = notifications.build(core, render.mails(app), catalogues.say_in)
    limit = limits.Limits(limiter, settings.rate_limit, counters)
    guard = guards.build(core, counters, limit, public=headers.PUBLIC_READS)
    gauges = Gauges(core.open_session)
    phases = Phases(settings.run_dir, partial(serving.running, settings.data_dir))
    runtime = runtimes.build(
        core,
        counters,
        rate_limit=guard.limits.figures,
        waf=guard.inspection.figures,
        perimeter=guard.perimeter.figures,
        phase=phases.share,
        board=partial(figures.for_feed, board),
        monitors=gauges,
        on_change=board.refresh,
    )
    monitors = monitoring.build(core, board.refresh, gauges)
    lifecycle = lifecycles.build(core, phases, runtime, lambda: guard.limits.is_storage_up)
    overview = Overview(
        core,
        runtime,
        top=guard.offenders.top,
        lifecycle=phases.state,
        readiness=lifecycle.checks.readiness,
        maintenance=partial(figures.maintenance, board),
    )
    shared = SharedSnapshot(
        overview.take, lambda: (core.commits.number, board.revision, guard.perimeter.state)
    )
    return rooms.Portal(
        core, status, board, guard, runtime, notify, lifecycle, overview, shared, monitors
    )
