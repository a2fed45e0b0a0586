"""What every input and output of the API is made from."""

from datetime import UTC, datetime
from typing import Annotated, Any, Self

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict
from pydantic.alias_generators import to_camel


class Camel(BaseModel):
    """JSON is camelCase, unknown fields are refused."""

    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, extra="forbid", str_strip_whitespace=True
    )

    @classmethod
    def of(cls, row: object, **derived: Any) -> Self:
        """A row as it is answered: each field from the row's attribute, or as it is derived."""
        return cls.model_validate(
            {
                name: derived[name] if name in derived else getattr(row, name)
                for name in cls.model_fields
            }
        )


class Before(Camel):
    """What acts change of a row, as it was before one of them."""

    def restore(self, row: object) -> None:
        """Give the row this again."""
        for name, value in self:
            setattr(row, name, value)


def _to_utc(moment: datetime) -> datetime:
    try:
        utc = moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("is out of range") from None
    if not 2000 <= utc.year <= 2999:
        raise ValueError("must lie between the years 2000 and 2999")
    return utc


Instant = Annotated[AwareDatetime, AfterValidator(_to_utc)]
