"""Settings in the panel: message templates, and what this installation is set to."""

from flask import Blueprint
from werkzeug.wrappers import Response

from portal.errors import found
from portal.settings import in_force
from portal.status import templates
from portal.status.templates import MessageTemplate, TemplateIn
from portal.web import current, render
from portal.web.panel import forms, toasts

blueprint = Blueprint("settings", __name__, url_prefix="/panel/settings")

PATH = "/panel/settings"


@blueprint.get("")
def page() -> Response:
    """Templates for everyone who may sign in; the settings for whoever reads the audit log."""
    with current().core.open_session() as session:
        stored = [templates.out(row) for row in templates.everything(session)]
    return render.panel(
        "panel/settings/page.html",
        templates=stored,
        settings=in_force(current().core.settings),
        external_url=current().core.settings.url,
        embed_origins=current().core.settings.embed_origins,
    )


@blueprint.get("/templates/new")
def new_template() -> Response:
    return _form({}, name=None)


@blueprint.post("/templates/new")
def create_template() -> Response:
    return _save(None)


@blueprint.get("/templates/<name>")
def template(name: str) -> Response:
    with current().core.open_session() as session:
        row = found(session.get(MessageTemplate, name))
        form = {"name": row.name, "title": row.title, "message": row.message}
        return _form(form, name=name, version=row.version)


@blueprint.post("/templates/<name>")
def edit_template(name: str) -> Response:
    return _save(name)


def _save(name: str | None) -> Response:
    def again(*, errors: dict[str, list[str]], status: int) -> Response:
        version = forms.by().version
        if status == 412 and name is not None:
            with current().core.open_session() as session:
                version = found(session.get(MessageTemplate, name)).version
        return _form(forms.values(), name=name, version=version, errors=errors, status=status)

    return forms.submit(
        lambda by: current().status.templates.save(
            by,
            forms.read(
                TemplateIn,
                name=name or forms.text("name"),
                title=forms.text("title"),
                message=forms.text("message"),
            ),
        ),
        say=lambda row: toasts.say(f"The template {row.name} is saved."),
        then=PATH,
        again=again,
    )


def _form(
    form: dict[str, str],
    *,
    name: str | None,
    version: int | None = None,
    errors: dict[str, list[str]] | None = None,
    status: int = 200,
) -> Response:
    return render.panel(
        "panel/settings/template.html",
        status=status,
        form=form,
        name=name,
        version=version,
        errors=errors or {},
    )
