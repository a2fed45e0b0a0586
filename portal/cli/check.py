"""`portal check`."""

import click
from limits.storage import storage_from_string

from portal.cli import application, encryption
from portal.durations import spoken
from portal.lifecycle import serving
from portal.notify import subscribers
from portal.notify.channels import chat
from portal.runtime.snapshot import Check
from portal.settings import Settings

REDIS_SECONDS = 1.0


@click.command()
def check() -> None:
    """Check the settings and show what is on. Exits with 1 when not ready."""
    settings = application.settings()
    portal = application.portal(settings)
    running = serving.running(settings.data_dir)
    click.echo(f"portal serve: {f'process {running.pid}' if running else 'does not run here'}")
    readiness = portal.lifecycle.checks.readiness()
    for row in readiness.checks:
        if row.name == "redis":
            row = _redis(settings)
        click.echo(f"{row.name}: {row.status}{f' ({row.output})' if row.output else ''}")
    feed = ", ".join(token.name for token in settings.metrics_tokens) or "off"
    click.echo(f"metrics feed: {feed}")
    click.echo(f"rate limit: {settings.rate_limit}, {'redis' if settings.redis_url else 'memory'}")
    waf = portal.guard.inspection.engine
    click.echo(f"WAF: {waf.name} ({'; '.join(filter(None, (waf.rule_set, waf.library)))})")
    auto = settings.auto_block
    click.echo(
        "automatic blocks: off"
        if auto is None
        else f"automatic blocks: after {auto.threshold} refusals in"
        f" {spoken(auto.window.total_seconds())},"
        f" for {spoken(auto.ttl.total_seconds())}"
    )
    for peer in portal.guard.undeclared.names():
        click.echo(
            f"proxies: {peer} forwards requests but is not in PORTAL_TRUSTED_PROXIES;"
            " all clients behind it count as one",
            err=True,
        )
    server = settings.smtp_url
    click.echo(f"mail: {f'{server.host}:{server.port}, {server.tls}' if server else 'off'}")
    if readiness.status != "fail":
        encryption.report(portal)
    ways = ", ".join(subscribers.offered(settings)) or "off"
    click.echo(f"readers may subscribe with: {ways}")
    broken = chat.check(settings.operator_channels)
    click.echo(f"operators' chats: {', '.join(chat.names(settings.operator_channels)) or 'none'}")
    for name in broken:
        click.echo(f"operators' chats: the address of {name} is invalid", err=True)
    names = ", ".join(worker.name for worker in settings.workers_declared) or "none"
    click.echo(f"declared workers: {names}")
    click.echo(f"environment: {settings.env}")
    if readiness.status == "fail" or broken:
        raise SystemExit(1)


def _redis(settings: Settings) -> Check:
    """Ask it: this process has counted nothing there, and so knows nothing of it yet."""
    storage = storage_from_string(
        settings.redis_url, socket_connect_timeout=REDIS_SECONDS, socket_timeout=REDIS_SECONDS
    )
    if storage.check():
        return Check(name="redis", status="pass")
    return Check(
        name="redis", status="warn", output="does not answer; each process limits by itself"
    )
