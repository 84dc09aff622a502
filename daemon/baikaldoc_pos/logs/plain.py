"""Any value that a record may carry, as plain JSON data with instants left in it.

Total: whatever it is given, something printable comes back. May not know what is done with it.
"""

import math
from collections.abc import Mapping, Set
from datetime import date, datetime, time, timedelta
from enum import Enum
from typing import TypeAlias

import attrs
from pythonjsonlogger import defaults

Plain: TypeAlias = "str | int | float | bool | datetime | list[Plain] | dict[str, Plain] | None"

_DEPTH = 8
_TOO_DEEP = "…"


def plain(value: object, depth: int = _DEPTH) -> Plain:
    """Enums by their values, durations in seconds, attrs classes by the fields that their repr shows, and so on.

    What nests deeper than eight levels, itself included, is cut off.
    """
    if isinstance(value, list | tuple | Set | Mapping) or attrs.has(type(value)):
        return _container(value, depth - 1) if depth else _TOO_DEEP
    if isinstance(value, Enum):
        return plain(value.value, depth - 1) if depth else _TOO_DEEP
    return _scalar(value)


def plain_fields(fields: Mapping[str, object]) -> dict[str, Plain]:
    """A record's fields."""
    return {_text(name): plain(value) for name, value in fields.items()}


def _container(value: object, depth: int) -> Plain:
    match value:
        case Mapping():
            return {_text(key): plain(element, depth) for key, element in list(value.items())}
        case list() | tuple():
            return [plain(element, depth) for element in value]
        case Set():
            return sorted((plain(element, depth) for element in value), key=str)
        case _:
            cls = type(value)
            shown = [field.name for field in attrs.fields(cls) if field.repr] if attrs.has(cls) else []
            return {name: plain(getattr(value, name, None), depth) for name in shown}


def _scalar(value: object) -> Plain:
    match value:
        case None | bool() | int():
            return value
        case float():
            return value if math.isfinite(value) else str(value)
        case datetime():
            return value
        case date() | time():
            return value.isoformat()
        case timedelta():
            return value.total_seconds()
        case BaseException():
            return f"{type(value).__name__}: {_text(value)}"
        case bytes() | bytearray():
            return bytes(value).decode("utf-8", "backslashreplace")
        case _:
            return _text(value)


def _text(value: object) -> str:
    """As it prints itself, even where printing itself fails."""
    return str.__str__(value) if isinstance(value, str) else defaults.unknown_default(value)
