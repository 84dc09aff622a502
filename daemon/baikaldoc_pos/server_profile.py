"""What one server can do: the forms of GraphQL that it takes. Pure.

The forms that have run in production are tried first (docs/delo-api.md); the others are used only where the server
has shown that it knows them.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum

from attrs import evolve, frozen
from cattrs.errors import BaseValidationError
from cattrs.preconf.json import make_converter

FIRST_BATCH = 10  # has run; no larger one has
FIRST_PAGE = 100  # rows; has run
LARGEST_PAGE = 1000
SAME_BATCH_FOR = timedelta(days=1)
TRUSTED_FOR = timedelta(days=1)
# Fields of the answer to a write that are only seen, in the generated types' spelling.
SEEN_ANSWER_FIELDS = {"messageCode": "message_code", "systemMessage": "system_message"}


class PendingFilter(StrEnum):
    """How rubrics without a «Статус ПОС» are asked for, from the best form on."""

    NULL_OR_EMPTY = "isNullOrEmpty: true"
    NULL = "isNull: true"  # together with equal: ""
    NONE = "none"  # all rubrics of a window are read


class PairsFilter(StrEnum):
    """How rubrics are asked for whose pair of statuses does not fit, from the best form on."""

    TOGETHER = "together"  # all pairs in one document
    SINGLY = "singly"
    NONE = "none"  # rubrics are read by ISN, or windows whole


@frozen
class ServerProfile:
    """The forms that a server takes. The defaults have run in production.

    :param introspection: the server describes its schema.
    :param typed_input: a write may travel as a variable.
    :param answer_fields: what the answer to a write has beside ``success message data``.
    :param pending: the filter for rubrics without a «Статус ПОС».
    :param pending_proven: the filter has been compared with a whole window and hides nothing.
    :param pairs: how rubrics with outdated statuses are asked for.
    :param leaves_out: rubrics with some of the ССТУ statuses can be left out.
    :param isn_filter: rubrics can be asked for by ISN.
    :param isn_order: rows can be sorted by ISN.
    :param large_pages: a page may have more than FIRST_PAGE rows.
    :param batch_size: how many writes a document carries now.
    :param batch_refused_at: when a larger document was last refused.
    :param written: a write has succeeded.
    :param names: the configured names that it was found out with; "" for a profile of an earlier version.
    :param found_at: when it was found out; None as above.
    """

    introspection: bool = False
    typed_input: bool = False
    answer_fields: tuple[str, ...] = ()
    pending: PendingFilter = PendingFilter.NONE
    pending_proven: bool = False
    pairs: PairsFilter = PairsFilter.TOGETHER
    leaves_out: bool = True
    isn_filter: bool = False
    isn_order: bool = False
    large_pages: bool = False
    batch_size: int = FIRST_BATCH
    batch_refused_at: datetime | None = None
    written: bool = False
    names: str = ""
    found_at: datetime | None = None

    @property
    def rich(self) -> bool:
        """Whether writes use more than what has run."""
        return self.typed_input or bool(self.answer_fields)

    def plain(self) -> "ServerProfile":
        """The same with the form of writing that has run."""
        return evolve(self, typed_input=False, answer_fields=())

    def holds(self, names: str, now: datetime) -> bool:
        """Whether it can be relied on still: names are the same, and the server has not had a day to change."""
        fresh = self.found_at is None or timedelta(0) <= now - self.found_at < TRUSTED_FOR
        return self.names in {"", names} and fresh

    def found_anew(self, found: "ServerProfile") -> "ServerProfile":
        """The abilities that were found now, with what writing has shown earlier."""
        return evolve(found, batch_size=self.batch_size, batch_refused_at=self.batch_refused_at, written=self.written)

    @property
    def abilities(self) -> str:
        """What the server takes, in GraphQL's words."""
        fields = tuple(name for name, ours in SEEN_ANSWER_FIELDS.items() if ours in self.answer_fields)
        taken = {
            "introspection": self.introspection,
            "input variables": self.typed_input,
            "isnRefRubric filter": self.isn_filter,
            "isnRefRubric orderby": self.isn_order,
            f"first: {LARGEST_PAGE}": self.large_pages,
        }
        return ", ".join((*(name for name, has in taken.items() if has), *fields)) or "—"

    @property
    def follows_by(self) -> str:
        """How rubrics with outdated statuses are found: together, singly, isn or windows."""
        if self.pairs is not PairsFilter.NONE:
            return self.pairs
        return "isn" if self.isn_filter else "windows"

    def after_clean_batch(self, size: int, most: int, now: datetime) -> "ServerProfile":
        """The profile after a document of so many writes was taken; the next one may be larger.

        :param most: the configured size.
        """
        settled = self.batch_refused_at is not None and now - self.batch_refused_at < SAME_BATCH_FOR
        grown = self.batch_size if settled or size < self.batch_size else max(self.batch_size, min(2 * size, most))
        return evolve(self, batch_size=grown, written=True)

    def after_large_batch(self, taken: int, now: datetime) -> "ServerProfile":
        """The profile after a document was refused for its size; one of ``taken`` writes was not."""
        return evolve(self, batch_size=taken, batch_refused_at=now, written=True)

    def next_pending(self) -> "ServerProfile":
        """The profile with the next form of the filter, where this one does not do what it says."""
        forms = list(PendingFilter)
        following = forms[min(forms.index(self.pending) + 1, len(forms) - 1)]
        return evolve(self, pending=following, pending_proven=False)

    def next_pairs(self) -> "ServerProfile":
        """The profile with the next form of asking for pairs of statuses."""
        return evolve(self, pairs=PairsFilter.SINGLY if self.pairs is PairsFilter.TOGETHER else PairsFilter.NONE)


_CONVERTER = make_converter()


def as_json(profile: ServerProfile) -> Mapping[str, object]:
    """The profile as the journal keeps it."""
    kept: Mapping[str, object] = _CONVERTER.unstructure(profile)
    return kept


def from_json(kept: object) -> ServerProfile | None:
    """The kept profile; None where another version kept something else."""
    try:
        return _CONVERTER.structure(kept, ServerProfile)
    except (BaseValidationError, TypeError, ValueError):
        return None
