"""Reads one file as strict JSON: UTF-8, no key twice, no NaN, an object at the root.

Knows nothing of settings. What is wrong is returned as faults, never raised; no value is shown in them.
"""

import json
import math
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from baikaldoc_pos.config.faults import Fault, Phrase, key_path
from baikaldoc_pos.config.kinds import found

# Python refuses to read integers of thousands of digits; no setting needs more than these.
_MOST_DIGITS = 40
SPOILED = frozenset({"config.fault.not_finite", "config.fault.not_text"})


class JsonObject(dict[str, object]):
    """An object of the file that remembers which of its keys stood there more than once."""

    def __init__(self, pairs: list[tuple[str, object]]) -> None:
        super().__init__(pairs)
        counts = Counter(key for key, _ in pairs)
        self.repeated = tuple(key for key, count in counts.items() if count > 1)


def read_document(path: Path, *, optional: bool = False) -> tuple[JsonObject | None, list[Fault]]:
    """The root object of a file and the faults of its form; no object where it cannot be used at all.

    A file that may be absent, and is, reads as an empty object.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        if optional and not path.is_symlink():
            return JsonObject([]), []
        return None, [Fault(path.name, "", "config.fault.file_missing", {"path": str(path)})]
    except OSError as error:
        return None, [
            Fault(path.name, "", "config.fault.file_unreadable", {"path": str(path), "reason": error.strerror})
        ]
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        return None, [Fault(path.name, "", "config.fault.not_utf8", {"line": line})]
    return _parse(path.name, text)


def _parse(file: str, text: str) -> tuple[JsonObject | None, list[Fault]]:
    try:
        root = json.loads(text, object_pairs_hook=JsonObject, parse_int=_integer)
    except json.JSONDecodeError as error:
        fields = {"line": error.lineno, "column": error.colno, "reason": error.msg}
        return None, [Fault(file, "", "config.fault.not_json", fields)]
    except RecursionError:
        return None, [Fault(file, "", "config.fault.too_deep")]
    if not isinstance(root, JsonObject):
        fields_ = {"expected": Phrase("config.kind.object"), "found": found(root)}
        return None, [Fault(file, "", "config.fault.wrong_type", fields_)]
    return root, [Fault(file, key_path(path), problem) for path, problem in _walk(root, ())]


def _integer(digits: str) -> float:
    return int(digits) if len(digits) <= _MOST_DIGITS else float(digits)


def _walk(value: object, path: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """What is wrong within a value, wherever it stands, as paths and problems."""
    if isinstance(value, JsonObject):
        for key in value.repeated:
            yield (*path, key), "config.fault.repeated_key"
        for key, below in value.items():
            if not _is_text(key):
                yield (*path, key), "config.fault.not_text"
            yield from _walk(below, (*path, key))
    elif isinstance(value, list):
        for position, below in enumerate(value):
            yield from _walk(below, (*path, position))
    elif isinstance(value, float) and not math.isfinite(value):
        yield path, "config.fault.not_finite"
    elif isinstance(value, str) and not _is_text(value):
        yield path, "config.fault.not_text"


def _is_text(text: str) -> bool:
    r"""Whether it can be encoded: ``"\ud800"`` is legal JSON, but half a character."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
