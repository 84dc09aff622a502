"""Instants among values that JSON has kept: it knows no such type, and they come back as text."""

import re
from datetime import datetime

_INSTANT = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+)?[+-]\d\d:\d\d")


def as_instant(value: object) -> object:
    """The instant that a text is, with its offset; any other value as it is."""
    try:
        return datetime.fromisoformat(value) if isinstance(value, str) and _INSTANT.fullmatch(value) else value
    except ValueError:
        return value
