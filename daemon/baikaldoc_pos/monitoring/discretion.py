"""What the site may say: no secret at all, and of other people's words nothing that may be a person.

The page asks for no password, and anybody in the network may look at it. All that is served passes here, since every
text is asked for from this catalogue.
"""

from collections.abc import Callable, Mapping
from datetime import tzinfo

from baikaldoc_pos.alerts.privacy import foreign_words
from baikaldoc_pos.i18n import Catalogue

LONGEST_WORDS = 400  # characters
# Fields that hold the words of ДЕЛО, of a mail server, of the system or of a library.
FOREIGN = frozenset({"error", "message", "reason", "reply", "said", "sign", "what", "what_server", "words"})
# What the reader has typed comes back as it is: a mask in it would tell who guesses that the guess was right.
OWN = frozenset({"query"})


class DiscreetCatalogue(Catalogue):
    """A catalogue whose sentences and values may be shown to anybody.

    :param mask: takes secrets out of a text.
    """

    def __init__(self, language: str, zone: tzinfo | None, mask: Callable[[str], str]) -> None:
        super().__init__(language, zone)
        self._mask = mask

    def render(self, id_: str, fields: Mapping[str, object]) -> str:
        return super().render(id_, {name: self._field(name, value) for name, value in fields.items()})

    def value(self, value: object) -> str:
        return super().value(self._masked(value))

    def foreign(self, words: str) -> str:
        """Somebody else's words."""
        return foreign_words(words, self._mask, LONGEST_WORDS)

    def _field(self, name: str, value: object) -> object:
        if name in OWN or value is None:
            return value
        return self.foreign(str(value)) if name in FOREIGN else self._masked(value)

    def _masked(self, value: object) -> object:
        match value:
            case str():
                return self._mask(value)
            case list() | tuple() | set() | frozenset():
                return [self._masked(each) for each in value]
            case _:
                return value
