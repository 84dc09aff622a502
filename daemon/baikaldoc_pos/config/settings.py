"""What the model says of each attribute, kept in its attrs metadata: the key's name in the file and the kind of value.

Reading, the reference and the comparison of two configurations are all driven by this; none lists keys itself.
"""

from collections.abc import Iterator, Mapping

from attrs import Attribute, AttrsInstance, fields, frozen, has

from baikaldoc_pos.config.kinds import Kind

_METADATA = "setting"


@frozen
class Setting:
    """A key of a file; without a kind it is a section, whose class is the attribute's type."""

    key: str
    kind: Kind | None = None


def setting(key: str, kind: Kind) -> Mapping[str, Setting]:
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
) -> "Iterator[tuple[tuple[str, ...], Attribute[object], Kind]]":
    """Every value of a class and of its sections, with the path of its key."""
    for attribute, setting_ in settings_of(cls):
        path = (*prefix, setting_.key)
        if setting_.kind is None:
            yield from leaves(section_class(attribute), path)
        else:
            yield path, attribute, setting_.kind
