"""The first steps in the panel: a name, a component, a monitor, and who is told."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from flask import Blueprint, request
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from portal.monitors import queries
from portal.monitors.monitor import Kind
from portal.monitors.schemas import Evidence, MonitorIn
from portal.notify.subscribers import Subscriber
from portal.status import components, slugs
from portal.status.components import ComponentIn
from portal.web import current, render
from portal.web.api.monitors import may_go_anywhere, tried
from portal.web.panel import forms, toasts
from portal.web.problems import Errors

blueprint = Blueprint("guide", __name__, url_prefix="/panel/start")

PATH = "/panel/start"


@dataclass(frozen=True)
class Steps:
    """What is done; names of what there is, for the steps that are."""

    component: str
    component_slug: str
    monitors: int
    has_readers: bool

    @property
    def done(self) -> int:
        return 1 + bool(self.component) + bool(self.monitors) + self.has_readers


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
    """The first monitor, by its address alone; or a try of it."""
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
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        host = ""
    return forms.read(
        MonitorIn,
        slug=slugs.stem(host, otherwise="first"),
        name=host[:80] or "Monitor",
        kind=Kind.HTTP.value,
        url=url,
        component=forms.text("component") or None,
        showsLatency="showsLatency" in request.form,
    )


def _steps(session: Session) -> Steps:
    first = next(iter(components.listed(session)), None)
    settings = current().core.settings
    return Steps(
        component=first.name if first else "",
        component_slug=first.slug if first else "",
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
