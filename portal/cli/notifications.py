"""`portal notify`: a message from a template, without the web."""

import click

from portal.cli import application
from portal.cli.audiences import audience_option
from portal.notify.broadcasts import NotificationIn
from portal.unit_of_work import By


@click.command()
@click.argument("template")
@click.option("--value", "values", multiple=True, help="name=text, for each field of the template")
@audience_option
@click.option("--component", "components", multiple=True, help="only for these components, by slug")
@click.option(
    "--dry-run", is_flag=True, help="show every message and count recipients; send nothing"
)
def notify(
    template: str,
    values: tuple[str, ...],
    audiences: tuple[str, ...],
    components: tuple[str, ...],
    dry_run: bool,
) -> None:
    """Fill in a message template, such as `operations`, and send it."""
    broadcasts = application.portal().notify.broadcasts
    with application.sentences(f"No template is named {template}."):
        new = NotificationIn.model_validate(
            {
                "template": template,
                "values": dict(pair(one) for one in values),
                "audiences": list(audiences),
                "components": list(components),
                "dryRun": dry_run,
            }
        )
        if dry_run:
            for one in broadcasts.preview(new).messages:
                click.echo(f"--- {one.channel}: {one.recipients} recipients")
                click.echo(f"{one.subject}\n\n{one.text}".strip())
            return
        sent = broadcasts.send(By(application.actor()), new)
    click.echo(f"Sending to {sent.shown.recipients} recipients.")


def pair(text: str) -> tuple[str, str]:
    """`name=text` as both; a BadParameter otherwise."""
    name, sign, value = text.partition("=")
    if not sign:
        raise click.BadParameter(f"{text!r} is not name=text")
    return name, value
