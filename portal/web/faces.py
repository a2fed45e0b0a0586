"""The faces of an app: its Flask object, and what is registered on it."""

from apiflask import APIFlask
from flask import request, session
from flask_limiter import Limiter
from flask_login import LoginManager
from prometheus_flask_exporter import PrometheusMetrics

from portal import ROOT, VERSION, extensions
from portal.runtime.counters import Counters
from portal.settings import Settings, kept_secret
from portal.store import engine
from portal.web import (
    access,
    catalogues,
    compression,
    errors,
    health,
    heartbeats,
    prefix,
    site,
    statics,
    strict_json,
    wording,
)
from portal.web.api import alerts as alerts_api
from portal.web.api import announcements as announcements_api
from portal.web.api import blocks as blocks_api
from portal.web.api import components as components_api
from portal.web.api import document
from portal.web.api import freezes as freezes_api
from portal.web.api import incidents as incidents_api
from portal.web.api import monitors as monitors_api
from portal.web.api import notifications as notifications_api
from portal.web.api import retrospectives as retrospectives_api
from portal.web.api import runtime as runtime_api
from portal.web.api import series as series_api
from portal.web.api import templates as templates_api
from portal.web.api import windows as windows_api
from portal.web.api import workers as workers_api
from portal.web.look import Look
from portal.web.panel import (
    accounts,
    alerts,
    announcements,
    audit,
    blocks,
    cards,
    components,
    freezes,
    guide,
    incident_details,
    incidents,
    maintenance,
    monitors,
    notifications,
    retrospectives,
    runtime,
    sentences,
    series,
    windows,
)
from portal.web.panel import settings as settings_page
from portal.web.public import codes, latency, records, subscriptions
from portal.web.public import pages as public_pages
from portal.web.sessions import DatabaseSessions
from portal.web.strict_json import StrictJSON


def bare(settings: Settings) -> APIFlask:
    """A Flask app with its configuration and its database engine, and without a route."""
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
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
        SECRET_KEY=settings.secret_key or kept_secret(settings.data_dir, "secret-key"),
        SQLALCHEMY_DATABASE_URI=url,
        SQLALCHEMY_ENGINE_OPTIONS=engine.options(url, pool_size=settings.pool_size),
        TRUSTED_HOSTS=list(settings.trusted_hosts) or None,
        MAX_CONTENT_LENGTH=1024 * 1024,
        MAX_FORM_PARTS=255,
        WTF_CSRF_CHECK_DEFAULT=False,
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_SSL_STRICT=False,
        RATELIMIT_HEADERS_ENABLED=False,
        SERVERS=[{"url": settings.prefix}] if settings.prefix else None,
    )
    for extension in (extensions.db, extensions.csrf, extensions.htmx):
        extension.init_app(app)
    app.json = StrictJSON(app)
    app.jinja_env.filters.update(wording.FILTERS, sentence=sentences.brief)
    app.jinja_env.globals["site"] = site.of(settings, Look(settings))
    catalogues.put_on(app)
    statics.put_on(app.jinja_env, statics.load(ROOT / "static"))
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    return app


def put_on(app: APIFlask, settings: Settings, *, limiter: Limiter, counters: Counters) -> None:
    """Counts by endpoint, sessions, who may, routes and their own limits, errors."""
    PrometheusMetrics(
        app,
        path=None,
        group_by="endpoint",
        registry=counters.registry,
        defaults_prefix=settings.metrics_prefix.rstrip("_"),
    )
    app.session_interface = DatabaseSessions(settings)
    login = LoginManager()
    login.init_app(app)
    login.user_loader(accounts.load)
    # Polls are told apart before the session is saved.
    app.before_request(_mark_poll)
    app.before_request(access.guard)
    app.before_request(strict_json.refuse_other_bodies)
    for blueprint in (
        public_pages.blueprint,
        records.blueprint,
        subscriptions.blueprint,
        codes.blueprint,
        health.blueprint,
        accounts.blueprint,
        runtime.blueprint,
        cards.blueprint,
        audit.blueprint,
        settings_page.blueprint,
        alerts.blueprint,
        maintenance.blueprint,
        windows.blueprint,
        series.blueprint,
        freezes.blueprint,
        announcements.blueprint,
        retrospectives.blueprint,
        blocks.blueprint,
        incidents.blueprint,
        incident_details.blueprint,
        components.blueprint,
        monitors.blueprint,
        guide.blueprint,
        heartbeats.blueprint,
        latency.blueprint,
        notifications.blueprint,
        blocks_api.blueprint,
        workers_api.blueprint,
        alerts_api.blueprint,
        announcements_api.blueprint,
        windows_api.blueprint,
        series_api.blueprint,
        freezes_api.blueprint,
        templates_api.blueprint,
        notifications_api.blueprint,
        incidents_api.blueprint,
        retrospectives_api.blueprint,
        components_api.blueprint,
        monitors_api.blueprint,
        runtime_api.blueprint,
    ):
        app.register_blueprint(blueprint)
    for endpoint, rate in (
        ("accounts.sign_in", "30/minute"),
        ("accounts.first_run", "30/minute"),
        ("subscriptions.ask", "20/hour"),
        ("codes.answer", "30/hour"),
        ("monitors_api.test", "60/minute"),
        ("monitors.show_test", "60/minute"),
        ("guide.add_monitor", "60/minute"),
    ):
        limited = limiter.limit(rate, methods=["POST"])(app.view_functions[endpoint])
        app.view_functions[endpoint] = limited  # type: ignore[assignment]
    app.spec_processor(document.complete)
    # What is put on first sees an answer last: links are lengthened before it is compressed.
    compression.put_on(app)
    prefix.put_on(app, settings.prefix)
    errors.register(app, limiter)


def _mark_poll() -> None:
    if request.blueprint == "cards":
        session.is_poll = True  # type: ignore[attr-defined]
