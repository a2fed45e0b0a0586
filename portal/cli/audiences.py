"""Whom a command speaks to."""

import click

from portal.status.terms import Audience

audience_option = click.option(
    "--audience",
    "audiences",
    multiple=True,
    default=["public"],
    show_default=True,
    type=click.Choice([one.value for one in Audience]),
)
