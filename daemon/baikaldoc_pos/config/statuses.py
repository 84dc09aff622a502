"""The settings made of statuses: the mapping ССТУ → ПОС, and the ССТУ statuses that are deliberately left alone.

ССТУ statuses are compared without surrounding whitespace, so they are kept without it. ПОС values are written
to ДЕЛО byte for byte, so nothing is done to them.
"""

from collections.abc import Mapping
from types import MappingProxyType

from attrs import frozen

from baikaldoc_pos.config.faults import Phrase, quoted, shown
from baikaldoc_pos.config.kinds import Problem, Text, UnacceptableError, found, wrong_type


@frozen
class StatusMapping:
    """An object of at least one ССТУ status, each with the ПОС status to be written."""

    @property
    def description(self) -> Phrase:
        return Phrase("config.kind.status_mapping")

    def read(self, value: object) -> Mapping[str, str]:
        if not isinstance(value, dict):
            raise wrong_type(self.description, value)
        if not value:
            raise UnacceptableError(Problem("config.fault.mapping_empty"))
        mapping: dict[str, str] = {}
        written: dict[str, str] = {}
        problems: list[Problem] = []
        for source, target in value.items():
            status = source.strip()
            if not status:
                problems.append(Problem("config.fault.status_blank", below=quoted(source)))
            elif status in written:
                fields = {"other": shown(written[status])}
                problems.append(Problem("config.fault.status_twice", fields, quoted(source)))
            if not isinstance(target, str) or not target.strip():
                fields_ = {"expected": Phrase("config.kind.text"), "found": found(target)}
                problems.append(Problem("config.fault.wrong_type", fields_, quoted(source)))
            else:
                mapping[status] = target
            written.setdefault(status, source)
        if problems:
            raise UnacceptableError(*problems)
        return MappingProxyType(mapping)


@frozen
class Statuses:
    """A list of ССТУ statuses; naming one twice does no harm."""

    @property
    def description(self) -> Phrase:
        return Phrase("config.kind.statuses")

    def read(self, value: object) -> tuple[str, ...]:
        if not isinstance(value, list):
            raise wrong_type(self.description, value)
        problems = [
            Problem("config.fault.wrong_type", {"expected": Text().description, "found": found(item)}, f"[{position}]")
            for position, item in enumerate(value)
            if not isinstance(item, str) or not item.strip()
        ]
        if problems:
            raise UnacceptableError(*problems)
        return tuple(dict.fromkeys(item.strip() for item in value))
