"""A value that must not be seen: it shows itself as ``***`` wherever it is printed, logged or formatted."""


class Secret:
    """A password, or a URL that may hold one. Only :meth:`reveal` gives the value out."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        return self._value

    def __repr__(self) -> str:
        return "***"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._value == other._value

    def __hash__(self) -> int:
        return hash((Secret, self._value))
