"""The first steps in the panel: a name, a component, a monitor, and who is told."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from flask import Blueprint, request
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from portal.monitors import queries
from portal.monitors.monitor import Kind, Monitor
from portal.monitors.schemas import Evidence, MonitorIn
from portal.notify.subscribers import Subscriber
from portal.status import components, slugs
from portal.status.components import Component, ComponentIn
from portal.web import current, render
from portal.web.api.monitors import may_go_anywhere, tried
from portal.web.panel import forms, toasts
from portal.web.problems import Errors

blueprint = Blueprint("guide", __name__, url_prefix="/panel/start")

PATH = "/panel/start"


@dataclass(frozen=True)
class Steps:
    """What is done; names of what there is, for the steps that are."""

    components: list[Component]
    monitors: int
    has_readers: bool

    @property
    def done(self) -> int:
        return 1 + bool(self.components) + bool(self.monitors) + self.has_readers


@blueprint.get("")
def show() -> Response:
    """The steps, with the next one open."""
    return _page({"url": "https://"})


@blueprint.post("/component")
def add_component() -> Response:
    """The first component, by its name alone."""
    name = forms.text("name")
    slug = slugs.stem(name, otherwise="first")

    def again(*, errors: Errors, status: int) -> Response:
        return _page(forms.values(), errors=errors, status=status)

    return forms.submit(
        lambda by: current().status.components.add(
            by, forms.read(ComponentIn, slug=slug, name=name, group=forms.text("group"))
        ),
        say=lambda row: toasts.say(f"{row.name} is added."),
        then=PATH,
        again=again,
    )


@blueprint.post("/monitor")
def add_monitor() -> Response:
    """A monitor, by its address alone; or a try of it. The form is there again for the next."""
    if "try" in request.form:
        return _tried()

    def again(*, errors: Errors, status: int) -> Response:
        return _page(forms.values(), errors=errors, status=status)

    return forms.submit(
        lambda by: current().monitors.acts.add(by, _posted(), is_free=may_go_anywhere()),
        say=lambda row: toasts.say(f"{row.name} is watched from now on."),
        then=PATH,
        again=again,
    )


def _tried() -> Response:
    evidence, errors = forms.attempt(lambda: tried(_posted()))
    return _page(forms.values(), errors=errors, evidence=evidence)


def _posted() -> MonitorIn:
    url = forms.text("url").strip()
    name = _name_of(url)
    with current().core.open_session() as session:
        # Several addresses of one host are as welcome as one.
        slug = slugs.free(session, Monitor.slug, slugs.stem(name, otherwise="first"))
    return forms.read(
        MonitorIn,
        slug=slug,
        name=name or "Monitor",
        kind=Kind.HTTP.value,
        url=url,
        component=forms.text("component") or None,
        showsLatency="showsLatency" in request.form,
    )


def _name_of(url: str) -> str:
    """The host with its path, as people read it."""
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
        return f"{parts.hostname or ''}{port}{parts.path.rstrip('/')}"[:80]
    except ValueError:
        return ""


def _steps(session: Session) -> Steps:
    settings = current().core.settings
    return Steps(
        components=components.listed(session),
        monitors=queries.count(session),
        has_readers=bool(settings.operator_channels) or _is_anybody_told(session),
    )


def _is_anybody_told(session: Session) -> bool:
    found = select(Subscriber.id).where(Subscriber.confirmed_at.is_not(None)).limit(1)
    return session.scalar(found) is not None


def _page(
    form: dict[str, str],
    *,
    errors: Errors | None = None,
    evidence: Evidence | None = None,
    status: int = 200,
) -> Response:
    with current().core.open_session() as session:
        steps = _steps(session)
    return render.panel(
        "panel/guide.html",
        status=status,
        steps=steps,
        form=form,
        evidence=evidence,
        errors=errors or {},
        has_mail=current().core.settings.smtp_url is not None,
    )
