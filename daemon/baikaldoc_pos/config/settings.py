"""How an attribute of the configuration names its key and the type of its value."""

from collections.abc import Iterator, Mapping

from attrs import Attribute, AttrsInstance, fields, frozen, has

from baikaldoc_pos.config.types import FieldType

_METADATA = "setting"


@frozen
class Setting:
    """A key of a file; without a kind it is a section, whose class is the attribute's type."""

    key: str
    kind: FieldType | None = None


def setting(key: str, kind: FieldType) -> Mapping[str, Setting]:
    """Metadata of an attribute that is one value."""
    return {_METADATA: Setting(key, kind)}


def section(key: str) -> Mapping[str, Setting]:
    """Metadata of an attribute that is an object with settings of its own (an attrs class)."""
    return {_METADATA: Setting(key)}


def settings_of(cls: type[AttrsInstance]) -> "Iterator[tuple[Attribute[object], Setting]]":
    """The attributes of a class that are keys of a file, in order."""
    for attribute in fields(cls):
        if _METADATA in attribute.metadata:
            yield attribute, attribute.metadata[_METADATA]


def section_class(attribute: "Attribute[object]") -> type[AttrsInstance]:
    """The class of a section."""
    cls = attribute.type
    if cls is None or not has(cls):
        raise TypeError(f"{attribute.name} is marked as a section, but its type is not an attrs class")
    return cls


def leaves(
    cls: type[AttrsInstance], prefix: tuple[str, ...] = ()
) -> "Iterator[tuple[tuple[str, ...], Attribute[object], FieldType]]":
    """Every value of a class and of its sections, with the path of its key."""
    for attribute, setting_ in settings_of(cls):
        path = (*prefix, setting_.key)
        if setting_.kind is None:
            yield from leaves(section_class(attribute), path)
        else:
            yield path, attribute, setting_.kind
