"""The sentences of one language, by id. A sentence is a ``str.format`` template over the event's fields."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime, tzinfo
from functools import cache
from importlib.resources import files
from string import Formatter

LANGUAGES = ("ru", "en")


@cache
def _sentences(language: str) -> Mapping[str, str]:
    text = files(__package__).joinpath(f"{language}.json").read_text(encoding="utf-8")
    loaded: Mapping[str, str] = json.loads(text)
    return loaded


class _Formatter(Formatter):
    """Formats a field that the caller did not give as ``?``: a sentence with a hole beats a lost record."""

    def __init__(self, zone: tzinfo | None) -> None:
        self.zone = zone

    def get_value(self, key: int | str, args: object, kwargs: Mapping[str, object]) -> object:
        return kwargs.get(str(key), "?")

    def format_field(self, value: object, format_spec: str) -> str:
        if isinstance(value, list | tuple | set | frozenset):
            return ", ".join(map(str, value))
        try:
            if isinstance(value, datetime) and not format_spec:
                return f"{value.astimezone(self.zone):%Y-%m-%d %H:%M:%S}"
            return str(super().format_field("—" if value is None else value, format_spec))
        except (ValueError, TypeError, OverflowError):
            return str(value)


class Catalogue:
    """The texts of one language; instants are shown in ``zone`` (by default the machine's own)."""

    def __init__(self, language: str = "ru", zone: tzinfo | None = None) -> None:
        self.language = language
        self._sentences = _sentences(language)
        self._formatter = _Formatter(zone)

    def text(self, id_: str, /, **fields: object) -> str:
        """The sentence ``id_`` with its fields filled in; an unknown id is shown with its fields, never raised."""
        return self.render(id_, fields)

    def render(self, id_: str, fields: Mapping[str, object]) -> str:
        """As :meth:`text`, for fields that may have any name."""
        template = self._sentences.get(id_)
        if template is None:
            return " ".join([id_, *(f"{name}={value}" for name, value in fields.items())])
        return self._formatter.vformat(template, (), fields)

    def template(self, id_: str) -> str:
        """The sentence with its placeholders; the id where there is none."""
        return self._sentences.get(id_, id_)

    def value(self, value: object) -> str:
        """A value as sentences show it: an instant in the catalogue's zone, a dash for none."""
        return self._formatter.format_field(value, "")

    def ids(self) -> Iterable[str]:
        return self._sentences.keys()
