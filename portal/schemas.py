"""What every input and output of the API is made from."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict
from pydantic.alias_generators import to_camel


class Camel(BaseModel):
    """JSON is camelCase, unknown fields are refused."""

    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, extra="forbid", str_strip_whitespace=True
    )


def _to_utc(moment: datetime) -> datetime:
    try:
        utc = moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("is out of range") from None
    if not 2000 <= utc.year <= 2999:
        raise ValueError("must lie between the years 2000 and 2999")
    return utc


Instant = Annotated[AwareDatetime, AfterValidator(_to_utc)]
