"""Durations on the command line, such as 30m or 1h30m."""

from datetime import timedelta
from typing import Any

import click

from portal import durations


class Duration(click.ParamType[Any]):
    name = "duration"

    def convert(self, value: Any, param: Any, ctx: Any) -> timedelta:
        if isinstance(value, timedelta):
            return value
        try:
            return durations.parse(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)
