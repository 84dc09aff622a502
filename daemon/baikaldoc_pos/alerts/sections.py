"""What a mail says of one condition, as plain values: headline, sentences, records, advice. Neither text nor HTML yet.

Every value that goes into a sentence has been through :mod:`privacy`. Sentences come from the catalogue:
``alert.kind.<kind>.subject``, ``.text``, ``.advice``, ``.command`` and ``.over``.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from attrs import field, frozen

from baikaldoc_pos.alerts.ledger import Entry
from baikaldoc_pos.alerts.privacy import foreign_words, one_line
from baikaldoc_pos.i18n import Catalogue
from baikaldoc_pos.journal import as_instant

# Fields that hold the words of ДЕЛО, of the system or of a mail server.
_FOREIGN = frozenset({"message", "reason", "what_server", "said", "reply", "sign"})
_NUMBER_LENGTH = 60
_VALUE_LENGTH = 200
_SAID_LENGTH = 200


@frozen(kw_only=True)
class Voice:
    """In whose name, in what language and with what discretion mails are written.

    :param host: the machine, or what the configuration calls it.
    :param command: how the program is called on this machine.
    :param service: the unit, for journalctl.
    :param mask: takes secrets out of a text.
    """

    text: Catalogue
    host: str = field(converter=one_line)
    command: str = "baikaldoc-pos"
    service: str = field(default="baikaldoc-pos.service", converter=one_line)
    mask: Callable[[str], str] = field(default=lambda text: text, repr=False)

    def own(self, value: object, limit: int = _VALUE_LENGTH) -> str:
        """A value of ours on one line, without secrets."""
        return one_line(self.mask(one_line(value, limit * 4)), limit)

    def foreign(self, value: object, limit: int = _SAID_LENGTH) -> str:
        """Somebody else's words, without secrets and people."""
        return foreign_words(value, self.mask, limit)


@frozen(kw_only=True)
class Record:
    """One record of a list: what it is called, and what was said of it."""

    name: str
    said: str = ""


@frozen(kw_only=True)
class Section:
    """What is said of one condition.

    :param facts: (name, value) pairs.
    :param records: those named; ``more`` is how many are only counted.
    :param commands: to look closer.
    """

    headline: str
    text: str
    facts: Sequence[tuple[str, str]]
    records: Sequence[Record] = ()
    more: int = 0
    advice: str = ""
    commands: Sequence[str] = ()


def section(entry: Entry, voice: Voice) -> Section:
    """The section of one entry."""
    fields = sentence_fields(entry, voice)
    text = voice.text
    facts = [(text.text("alert.fact.since"), text.value(entry.since))]
    if entry.over is not None:
        facts.append((text.text("alert.fact.over"), text.value(entry.over)))
        facts.append((text.text("alert.fact.lasted"), duration(entry.over - entry.since, text)))
        return Section(
            headline=headline(entry, voice), text=text.render(f"alert.kind.{entry.kind}.over", fields), facts=facts
        )
    facts += _numbers(entry, voice)
    records, more = _records(entry, voice)
    return Section(
        headline=headline(entry, voice),
        text=text.render(f"alert.kind.{entry.kind}.text", fields),
        facts=facts,
        records=records,
        more=more,
        advice=text.render(f"alert.kind.{entry.kind}.advice", fields),
        commands=text.render(f"alert.kind.{entry.kind}.command", fields).splitlines(),
    )


def headline(entry: Entry, voice: Voice) -> str:
    """The condition in a few words."""
    return voice.text.render(f"alert.kind.{entry.kind}.subject", sentence_fields(entry, voice))


def sentence_fields(entry: Entry, voice: Voice) -> dict[str, object]:
    """The entry's fields as sentences may show them."""
    fields: dict[str, object] = {
        name: _shown(name, value, voice) for name, value in entry.fields.items() if not isinstance(value, list | dict)
    }
    return fields | {"command": voice.command, "service": voice.service, "host": voice.host}


def _shown(name: str, kept: object, voice: Voice) -> object:
    value = as_instant(kept)
    if isinstance(value, int | float | datetime | None):
        return value
    return voice.foreign(value) if name in _FOREIGN else voice.own(value)


def _numbers(entry: Entry, voice: Voice) -> list[tuple[str, str]]:
    text, facts = voice.text, []
    if "count" in entry.fields:
        facts.append((text.text("alert.fact.count"), str(entry.fields["count"])))
    if entry.fresh and "count" in entry.fields:
        facts.append((text.text("alert.fact.fresh"), str(entry.fresh)))
    event = entry.fields.get("event")
    if isinstance(event, str):
        said = _event_fields(entry.fields.get("event_fields"), voice)
        facts.append((text.text("alert.fact.last_error"), one_line(voice.mask(text.render(event, said)), 600)))
    if "said" in entry.fields:
        facts.append((text.text("alert.fact.said"), voice.foreign(entry.fields["said"] or "—")))
    return facts


def _event_fields(fields: object, voice: Voice) -> Mapping[str, object]:
    given: Mapping[str, Any] = fields if isinstance(fields, dict) else {}
    # "what" is what was wrong with an answer of ДЕЛО's.
    return {name: _shown("said" if name == "what" else name, value, voice) for name, value in given.items()}


def _records(entry: Entry, voice: Voice) -> tuple[list[Record], int]:
    lines = entry.fields.get("lines")
    if isinstance(lines, list):
        return [Record(name=voice.own(line, 400)) for line in lines], 0
    given = entry.fields.get("records")
    if not isinstance(given, list):
        return [], 0
    count = entry.fields.get("count")
    records = [_record(each, voice) for each in given if isinstance(each, dict)]
    return records, max(0, count - len(records)) if isinstance(count, int) else 0


def _record(given: Mapping[str, Any], voice: Voice) -> Record:
    number = given.get("number")
    name = voice.text.text("alert.record.number", number=voice.own(number, _NUMBER_LENGTH) if number else "—")
    if given.get("isn") is not None:
        isn, attempts = given["isn"], given.get("attempts")
        name = voice.text.text("alert.record.rubric", card=name, isn=isn, attempts=attempts)
    said = given.get("said")
    return Record(name=name, said=voice.foreign(said) if said else "")


def duration(lasted: timedelta, text: Catalogue) -> str:
    """A duration by its two largest units."""
    minutes = max(0, round(lasted.total_seconds() / 60))
    days, rest = divmod(minutes, 24 * 60)
    hours, minutes = divmod(rest, 60)
    if days:
        return text.text("alert.duration.days", days=days, hours=hours)
    if hours:
        return text.text("alert.duration.hours", hours=hours, minutes=minutes)
    return text.text("alert.duration.minutes", minutes=minutes)
