"""What operators wrote, in the language of a reader."""

from functools import cached_property
from typing import Annotated, Any, Self, TypeVar

from pydantic import Field

from portal.schemas import Camel
from portal.status import prose
from portal.status.translations import Texts


class Spoken(Camel):
    """A thing with texts of operators in it."""

    def spoken(self, language: str) -> Self:
        """The same in a language; itself where it says nothing else in it.

        It is the very same one each time, so that what was rendered of it stands.
        """
        changed = self.changed_in(language)
        if not changed:
            return self
        if language not in self.known:
            self.known[language] = self.model_copy(update=changed)
        return self.known[language]

    def changed_in(self, language: str) -> dict[str, Any]:
        """The fields that say something else in a language."""
        raise NotImplementedError

    @cached_property
    def known(self) -> dict[str, Self]:
        """Itself in other languages; no part of what it says."""
        return {}

    def __copy__(self) -> Self:
        made = super().__copy__()
        # Another one, which says something else.
        made.__dict__.pop("known", None)
        return made


class Translated(Spoken):
    """A title, a message or both; their translations are in JSON where there are any."""

    translations: Annotated[Texts, Field(exclude_if=lambda texts: not texts)] = {}

    def changed_in(self, language: str) -> dict[str, Any]:
        said: dict[str, Any] = dict(self.translations.get(language, {}))
        if "message" in said:
            said["message_html"] = prose.to_html(said["message"]).strip()
        return said


Several = TypeVar("Several", tuple[Any, ...], list[Any])


def all_spoken(found: Several, language: str) -> Several:
    """Several in a language; the very same where none says anything else in it."""
    told = type(found)(one.spoken(language) for one in found)
    return found if all(one is was for one, was in zip(told, found, strict=True)) else told
