"""Portal: the assembly of an app, in order, and nothing else."""

from dataclasses import asdict
from datetime import datetime
from pathlib import Path

from apiflask import APIFlask
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from prometheus_flask_exporter import PrometheusMetrics
from sqlalchemy.orm import Session

from portal import extensions
from portal import settings as setting_table
from portal.audit.record import Record
from portal.audit.spool import Spool
from portal.board import feeds, statuspage
from portal.board.answers import Answer, Answers
from portal.board.copy import Copy
from portal.board.picture import Picture
from portal.board.publish import Board
from portal.guard import storage, waf
from portal.guard.blocks import Blocks
from portal.guard.chain import Chain
from portal.guard.inspection import Inspection
from portal.guard.limits import Limits
from portal.guard.offences import Offences
from portal.guard.offenders import Offenders
from portal.guard.origins import Origins
from portal.guard.perimeter import Perimeter
from portal.lifecycle.checks import Checks
from portal.lifecycle.phases import Lifecycle
from portal.notify.desk import Desk, Sender
from portal.notify.subscribers import Links
from portal.rooms import Portal
from portal.runtime.episodes import Episodes
from portal.runtime.exporter import Exporter
from portal.runtime.feed import BoardFigures, Feed
from portal.runtime.node import Node
from portal.runtime.overview import Overview
from portal.runtime.series import Series
from portal.runtime.snapshot import DatabasePool, Maintenance, RunningWindow, Standing
from portal.runtime.workers import Workers
from portal.settings import Settings
from portal.status import room as status_room
from portal.status.terms import Severity
from portal.store import engine as engines
from portal.store import schema
from portal.store.lease import Fence
from portal.store.pool import CountingPool

VERSION = "0.1.0"
ROOT = Path(__file__).resolve().parent.parent


def create_app(settings: Settings | None = None) -> APIFlask:
    """Wire one app; nothing runs, migrates or connects here."""
    from portal.web import assembly

    settings = settings or setting_table.load()
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    app = APIFlask(
        "portal",
        title="Portal",
        version=VERSION,
        root_path=str(ROOT),
        static_folder=str(ROOT / "static"),
        template_folder=str(ROOT / "templates"),
        docs_path=None,
        spec_path="/api/openapi.json",
    )
    url = settings.resolved_database_url
    app.config.update(
        SECRET_KEY=settings.secret_key
        or setting_table.kept_secret(settings.data_dir, "secret-key"),
        SQLALCHEMY_DATABASE_URI=url,
        SQLALCHEMY_ENGINE_OPTIONS=engines.options(url, pool_size=settings.pool_size),
        TRUSTED_HOSTS=list(settings.trusted_hosts) or None,
        MAX_CONTENT_LENGTH=1024 * 1024,
        MAX_FORM_PARTS=255,
        WTF_CSRF_CHECK_DEFAULT=False,
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_SSL_STRICT=False,
        RATELIMIT_HEADERS_ENABLED=False,
    )
    extensions.db.init_app(app)
    extensions.csrf.init_app(app)
    extensions.htmx.init_app(app)
    with app.app_context():
        engine = extensions.db.engine
    engines.prepare(engine)

    fence = Fence()

    def open_session() -> Session:
        return Session(engine, info={"fence": fence})

    series = Series(settings.metrics_prefix)
    PrometheusMetrics(
        app,
        path=None,
        group_by="endpoint",
        registry=series.registry,
        defaults_prefix=settings.metrics_prefix.rstrip("_"),
    )
    limiter = Limiter(
        get_remote_address,
        storage_uri=settings.redis_url or f"{storage.SCHEME}://",
        # mypy: the library types these as whole numbers, redis takes fractions.
        storage_options=(
            {"socket_connect_timeout": 0.2, "socket_timeout": 0.2}  # type: ignore[dict-item]
            if settings.redis_url
            else {}
        ),
        strategy="fixed-window",
        # Redis gone: sign-in has its own throttle in the database beside this limit.
        swallow_errors=True,
    )
    # Named before it is put on, so that it adds no hooks: those ask for limits on every request,
    # a fifth of its time, while the chain has counted it and limited routes ask for themselves.
    app.extensions["limiter"] = {limiter}
    limiter.init_app(app)
    limits = Limits(limiter, settings.rate_limit, series)
    perimeter = Perimeter(
        open_session,
        series,
        Origins(
            settings.allowed_origins,
            own=settings.external_url,
            public=assembly.PUBLIC_READS,
            public_cors=settings.public_cors,
        ),
        lambda client: blocks.is_trusted(client),
    )
    blocks = Blocks(open_session, perimeter.look, trusted=settings.trusted_proxies)
    offences = Offences(
        settings.auto_block,
        blocks=blocks,
        perimeter=perimeter,
        series=series,
        open_session=open_session,
    )
    engine_of_waf = waf.load(
        settings.waf_engine, crs=settings.waf_crs, crs_blocks=settings.waf_crs_blocks
    )
    series.expect_rules(engine_of_waf.rules)
    inspection = Inspection(engine_of_waf, series, offences)
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
    workers = Workers(settings.workers_declared, open_session)
    episodes = Episodes(open_session)
    pages = assembly.page_maker(app, settings)
    site = feeds.Site(settings.site_name, settings.external_url.rstrip("/"))
    documents = feeds.documents(site) | statuspage.documents(site)

    def publish(picture: Picture) -> Answers:
        return Answers(
            picture,
            pages=pages(picture),
            documents=documents,
            poll_seconds=settings.poll_seconds,
            extra_headers=assembly.headers_of(settings),
            page_headers=assembly.PAGE_HEADERS,
            cors=settings.public_cors,
        )

    board = Board(open_session, publish, Copy(settings.data_dir / "board.json"))
    status = status_room.build(
        open_session, board.refresh, requires_approval=settings.second_pair_of_eyes
    )
    render_mail = assembly.mail_maker(app)
    sender = Sender(settings.site_name, settings.url, render_mail, settings.operator_channels)
    desk = Desk(open_session, sender)
    exporter = Exporter(settings.run_dir)

    def pool() -> DatabasePool:
        assert isinstance(engine.pool, CountingPool)
        return DatabasePool(engine=engine.dialect.name, **asdict(engine.pool.figures()))

    lifecycle = Lifecycle(settings.run_dir)
    node = Node(
        settings.run_dir,
        rate_limit=limits.figures,
        waf=inspection.figures,
        perimeter=perimeter.figures,
        pool=pool,
        standing=lambda: (lifecycle.phase().value, lifecycle.in_flight),
    )
    feed = Feed(
        series,
        rate_limit=node.rate_limit,
        waf=node.waf,
        perimeter=node.perimeter,
        pool=node.pool,
        workers=workers.all,
        board=lambda: _board_figures(board),
    )
    apart = engines.apart(url)
    checks = Checks(
        lambda: apart,
        schema.head,
        is_storage_up=(lambda: limits.is_storage_up) if settings.redis_url else None,
        workers=workers.all,
        pool=node.pool,
        mark=lambda: lifecycle.mark,
    )
    record = Record(open_session, Spool(settings.data_dir / "spool"))
    overview = Overview(
        settings,
        exporter=exporter,
        rate_limit=node.rate_limit,
        waf=node.waf,
        perimeter=node.perimeter,
        top=offenders.top,
        workers=workers.all,
        lifecycle=lambda: _standing(lifecycle),
        readiness=checks.readiness,
        pool=node.pool,
        maintenance=lambda: _maintenance(board),
        spooled=lambda: record.spool.waiting,
        open_session=open_session,
    )
    app.extensions["portal"] = Portal(
        settings,
        board,
        status,
        blocks,
        perimeter,
        inspection,
        offences,
        offenders,
        limits,
        workers,
        episodes,
        series,
        exporter,
        lifecycle,
        node,
        feed,
        checks,
        overview,
        record,
        desk,
        Links(app.config["SECRET_KEY"]),
        render_mail,
        fence,
        engine,
        apart,
    )
    assembly.put_on(app, settings, limiter)

    def find(path: str, query_string: str, now: datetime) -> Answer | None:
        answers = board.current(now)
        return answers.find(path, query_string) if answers else None

    app.wsgi_app = Chain(  # type: ignore[method-assign]
        app.wsgi_app,
        perimeter=perimeter,
        limits=limits,
        inspection=inspection,
        session_cookie=settings.session_cookie,
        probe_host=settings.trusted_hosts[0].lstrip(".") if settings.trusted_hosts else None,
        is_leaving=lambda: lifecycle.is_leaving,
        find=find,
        trusted_proxies=settings.trusted_proxies,
        headers=assembly.headers_of(settings) + assembly.PAGE_HEADERS,
    )
    return app


def _board_figures(board: Board) -> BoardFigures:
    answers = board.current()
    active = answers.picture.active if answers else ()
    return BoardFigures(
        windows_active=sum(one.kind == "window" for one in active),
        incidents_open=sum(one.severity is Severity.INCIDENT for one in active),
        revision=board.revision,
        age_seconds=board.age_seconds,
        components={
            one.slug: one.state.rank for one in (answers.picture.components if answers else ())
        },
    )


def _standing(lifecycle: Lifecycle) -> Standing:
    mark = lifecycle.mark
    if mark is None:
        return Standing(phase=lifecycle.phase(), since="", by="", why="")
    return Standing(phase=mark.phase, since=mark.since, by=mark.by, why=mark.why)


def _maintenance(board: Board) -> Maintenance | None:
    answers = board.current()
    if answers is None:
        return None
    picture = answers.picture

    def shown(status: str) -> list[RunningWindow]:
        return [
            RunningWindow(
                reference=one.ref,
                title=one.title,
                zone=one.zone,
                starts_at=one.starts_at,
                ends_at=one.ends_at,
                version=one.version,
            )
            for one in picture.banners
            if one.kind == "window" and one.status == status and one.ends_at
        ]

    return Maintenance(
        active=shown("active"),
        upcoming=shown("scheduled"),
        announcements_active=sum(
            one.kind == "announcement" and one.status == "active" for one in picture.banners
        ),
        revision=picture.revision,
        board_age_seconds=round(board.age_seconds, 1),
    )
