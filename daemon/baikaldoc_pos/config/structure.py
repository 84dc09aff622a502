"""Turns a document into a frozen section of the model by cattrs, or into every fault that it has.

The converter is told by the model's metadata how keys are named and how each value is read; an unknown key is a
fault with the nearest known name.
"""

from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from functools import cache, partial
from typing import Any, TypeVar

from attrs import AttrsInstance, fields_dict, has
from cattrs import Converter
from cattrs.errors import ClassValidationError, ForbiddenExtraKeysError
from cattrs.gen import make_dict_structure_fn, override

from baikaldoc_pos.config.faults import Fault, Phrase, key_path
from baikaldoc_pos.config.kinds import Kind, UnacceptableError, wrong_type
from baikaldoc_pos.config.settings import leaves, section_class, settings_of

T = TypeVar("T", bound=AttrsInstance)
Path = tuple[str, ...]


def structure(cls: type[T], document: Mapping[str, object], file: str) -> tuple[T | None, list[Fault]]:
    """The document as an instance of ``cls``, or None with every fault of its keys and values."""
    try:
        return _converter().structure(document, cls), []
    except ClassValidationError as error:
        return None, list(_Faults(cls, file, document).of(error, cls, ()))


@cache
def _converter() -> Converter:
    converter = Converter(detailed_validation=True, forbid_extra_keys=True)
    converter.register_structure_hook_factory(has, partial(_section_hook, converter=converter))
    return converter


def _section_hook(cls: type[AttrsInstance], converter: Converter) -> Callable[[object, Any], AttrsInstance]:
    keys = {attribute.name: setting for attribute, setting in settings_of(cls)}
    overrides: dict[str, Any] = {
        name: override(rename=keys[name].key, struct_hook=_value_hook(keys[name].kind))
        if name in keys
        else override(omit=True)
        for name in fields_dict(cls)
    }
    read = make_dict_structure_fn(cls, converter, **overrides)

    def hook(value: object, _: Any) -> AttrsInstance:
        if not isinstance(value, dict):
            raise wrong_type(Phrase("config.kind.object"), value)
        return read(value, cls)

    return hook


def _value_hook(kind: Kind | None) -> Callable[[Any, Any], Any] | None:
    return None if kind is None else lambda value, _: kind.read(value)


class _Faults:
    """Reads the faults of one file out of cattrs' exceptions."""

    def __init__(self, root: type[AttrsInstance], file: str, document: Mapping[str, object]) -> None:
        self.root, self.file, self.document = root, file, document

    def of(self, error: ClassValidationError, cls: type[AttrsInstance], path: Path) -> Iterator[Fault]:
        about_attributes, others = error.group_exceptions()
        for reason, note in about_attributes:
            attribute, setting = next(pair for pair in settings_of(cls) if pair[0].name == note.name)
            below = (*path, setting.key)
            if isinstance(reason, ClassValidationError):
                yield from self.of(reason, section_class(attribute), below)
            elif isinstance(reason, UnacceptableError):
                for problem in reason.problems:
                    yield Fault(self.file, key_path(below) + problem.below, problem.id, problem.fields)
            elif isinstance(reason, KeyError):
                expected = setting.kind.description if setting.kind else Phrase("config.kind.object")
                yield Fault(self.file, key_path(below), "config.fault.missing_key", {"expected": expected})
            else:  # a mistake of ours, not of the file's
                raise reason
        for reason in others:
            if not isinstance(reason, ForbiddenExtraKeysError):
                raise reason
            yield from (self._unknown(key, cls, path) for key in sorted(reason.extra_fields))

    def _unknown(self, key: str, cls: type[AttrsInstance], path: Path) -> Fault:
        nearest = self._nearest(key, cls, path)
        if nearest is None:
            known = tuple(setting.key for _, setting in settings_of(cls))
            return Fault(self.file, key_path((*path, key)), "config.fault.unknown_key", {"known": known})
        return Fault(self.file, key_path((*path, key)), "config.fault.unknown_key_nearest", {"nearest": nearest})

    def _nearest(self, key: str, cls: type[AttrsInstance], path: Path) -> str | None:
        """The known key that was probably meant: one of the same section, else one of the same file."""
        here = {setting.key.lower(): (*path, setting.key) for _, setting in settings_of(cls)}
        anywhere = {below[-1].lower(): below for below, _, _ in leaves(self.root)}
        for candidates in (here, anywhere):
            matches = get_close_matches(key.lower(), candidates, n=1, cutoff=0.7)
            if matches:
                return key_path(candidates[matches[0]])
        return None
