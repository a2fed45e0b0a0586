"""Lists of the API, whole or a page at a time."""

from typing import Any, Generic, TypeVar

from pydantic import Field

from portal.schemas import Camel

T = TypeVar("T")


class PageQuery(Camel):
    """Paging of a list."""

    limit: int = Field(default=20, ge=1, le=100)
    offset: int = Field(default=0, ge=0, le=1_000_000)


class Listing(Camel, Generic[T]):
    """A list with how many there are in all."""

    items: list[T]
    total: int

    @classmethod
    def model_parametrized_name(cls, params: tuple[Any, ...]) -> str:
        """The name in the API's document: `WindowList` for a list of `WindowOut`."""
        return f"{str(params[0].__name__).removesuffix('Out')}List"


class Page(Listing[T], Generic[T]):
    """One page of a list."""

    limit: int
    offset: int
