"""The text of a mail: subject, plain text and HTML from the same sections, and the message on the wire.

A mail has our sentences, event names, codes, counts, registration numbers and ISNs, and never a server's free text.
Sentences come from the catalogue: ``alert.kind.<kind>.subject``, ``.text``, ``.advice``, ``.command`` and ``.over``.
Values are on one line, and all of the HTML is escaped.
"""

import html
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from attrs import frozen

from baikaldoc_pos.alerts.context import MailContext
from baikaldoc_pos.alerts.message import PRODUCT, message_id, one_line, unencoded
from baikaldoc_pos.i18n import Catalogue
from baikaldoc_pos.journal import Mail, as_instant


class Purpose(StrEnum):
    """What a mail is for. The values stand in the outbox and in the mails' headers."""

    OPENED = "opened"
    CLOSED = "closed"
    DIGEST = "digest"
    TEST = "test"


@frozen
class NotificationItem:
    """One condition in a mail.

    :param fields: the fields of its sentences.
    :param over: when it ended; None while it holds.
    :param fresh: in a digest, how many of its records are new.
    :param opening: the Message-ID of the mail about its opening.
    """

    kind: str
    key: str
    since: datetime
    fields: Mapping[str, object]
    over: datetime | None = None
    fresh: int = 0
    opening: str | None = None


@frozen
class Notification:
    """A mail to be written."""

    purpose: Purpose
    entries: Sequence[NotificationItem]


# Fields that hold a server's own text, which no mail carries.
SERVER_TEXT = frozenset({"message", "server_message", "said", "reply"})
_STATUS_LENGTH = 80
_NUMBER_LENGTH = 60
# Sections told in full in one mail, and the length of a subject in characters.
MOST_SECTIONS = 20
SUBJECT_LENGTH = 160
_STYLE = "font-family:Arial,Helvetica,sans-serif;font-size:14px;line-height:1.5;color:#1b1f24"
_COLOURS = {
    Purpose.OPENED: "#b42318",
    Purpose.CLOSED: "#18794e",
    Purpose.DIGEST: "#8a5a00",
    Purpose.TEST: "#1d4f91",
}


@frozen(kw_only=True)
class Record:
    """One record of a list, with the server's code for its refusal."""

    name: str
    code: str = ""


@frozen(kw_only=True)
class Section:
    """What a mail says of one condition.

    :param facts: (name, value) pairs.
    :param records: the records that are named; ``more`` are only counted.
    :param commands: the commands that show more.
    """

    headline: str
    text: str
    facts: Sequence[tuple[str, str]]
    records: Sequence[Record] = ()
    more: int = 0
    advice: str = ""
    commands: Sequence[str] = ()


def section(entry: NotificationItem, context: MailContext) -> Section:
    """The section about one condition."""
    text = context.text
    fields: dict[str, object] = {
        name: _shown(value, context) for name, value in entry.fields.items() if not isinstance(value, list | dict)
    }
    if "status" in fields:
        fields["status"] = context.own(entry.fields["status"], _STATUS_LENGTH)
    fields |= {"command": context.command, "service": context.service, "host": context.host}

    def sentence(part: str) -> str:
        return text.render(f"alert.kind.{entry.kind}.{part}", fields)

    facts = [(text.text("alert.fact.since"), text.value(entry.since))]
    if entry.over is not None:
        facts.append((text.text("alert.fact.over"), text.value(entry.over)))
        facts.append((text.text("alert.fact.lasted"), duration(entry.over - entry.since, text)))
        return Section(headline=sentence("subject"), text=sentence("over"), facts=facts)
    records, more = _records(entry, context)
    return Section(
        headline=sentence("subject"),
        text=sentence("text"),
        facts=[*facts, *_numbers(entry, context)],
        records=records,
        more=more,
        advice=sentence("advice"),
        commands=sentence("command").splitlines(),
    )


def _shown(kept: object, context: MailContext) -> object:
    value = as_instant(kept)
    return value if isinstance(value, int | float | datetime | None) else context.own(value)


def _numbers(entry: NotificationItem, context: MailContext) -> list[tuple[str, str]]:
    text, facts = context.text, []
    if "count" in entry.fields:
        facts.append((text.text("alert.fact.count"), str(entry.fields["count"])))
    if entry.fresh and "count" in entry.fields:
        facts.append((text.text("alert.fact.fresh"), str(entry.fresh)))
    event = entry.fields.get("event")
    if isinstance(event, str):
        fields = _event_fields(entry.fields.get("event_fields"), context)
        facts.append((text.text("alert.fact.last_error"), one_line(context.mask(text.render(event, fields)), 600)))
    if "said" in entry.fields:
        facts.append((text.text("alert.fact.code"), _smtp_code(entry.fields["said"])))
    return facts


def _event_fields(fields: object, context: MailContext) -> Mapping[str, object]:
    given: Mapping[str, Any] = fields if isinstance(fields, dict) else {}
    shown = {name: _shown(value, context) for name, value in given.items() if name not in SERVER_TEXT}
    return shown | {name: "…" for name in ("message",) if name in given}


def _smtp_code(reply: object) -> str:
    """The status code of a mail server's reply, with the enhanced one where there is one (RFC 5321, 3463)."""
    found = re.match(r"[245][0-9]{2}(?:[ -][245]\.[0-9]{1,2}\.[0-9]{1,2})?(?![0-9])", str(reply or ""))
    return found.group() if found else "—"


def _records(entry: NotificationItem, context: MailContext) -> tuple[list[Record], int]:
    lines = entry.fields.get("lines")
    if isinstance(lines, list):
        return [Record(name=context.own(line, 400)) for line in lines], 0
    given = entry.fields.get("records")
    if not isinstance(given, list):
        return [], 0
    count = entry.fields.get("count")
    records = [_record(each, context) for each in given if isinstance(each, dict)]
    return records, max(0, count - len(records)) if isinstance(count, int) else 0


def _record(given: Mapping[str, Any], context: MailContext) -> Record:
    number = given.get("number")
    name = context.text.text("alert.record.number", number=context.own(number, _NUMBER_LENGTH) if number else "—")
    if given.get("isn") is not None:
        isn, attempts = given["isn"], given.get("attempts")
        name = context.text.text("alert.record.rubric", card=name, isn=isn, attempts=attempts)
    code = str(given.get("code") or "")
    return Record(name=name, code=code if re.fullmatch(r"[A-Za-z0-9_.-]{1,40}", code) else "")


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


def write(notification: Notification, context: MailContext, now: datetime) -> Mail:
    """The mail for a notification; its Message-ID stays the same however often it is sent."""
    sections = [section(entry, context) for entry in notification.entries[:MOST_SECTIONS]]
    more = len(notification.entries) - len(sections)
    intro = context.text.text(f"alert.intro.{notification.purpose}", host=context.host, service=context.service)
    footer = context.text.text("alert.footer", host=context.host, at=now)
    further = context.text.text("alert.more_conditions", count=more) if more else ""
    return Mail(
        purpose=notification.purpose,
        message_id=message_id(context.host),
        written_at=now,
        subject=_subject(notification, sections, context),
        text="\n".join(_plain(intro, sections, further, footer, context)) + "\n",
        html="".join(_html(intro, sections, further, footer, notification.purpose, context)),
        headers=_headers(notification, context),
    )


def _subject(notification: Notification, sections: Sequence[Section], context: MailContext) -> str:
    """``[baikaldoc-pos] host: …``: sorts by machine, then by what the mail is for, then by the matter."""
    text, kinds = context.text, {entry.kind for entry in notification.entries}
    if not kinds:
        matter = text.text("alert.subject.test")
    elif len(sections) == 1:
        matter = sections[0].headline
    else:
        name = text.text(f"alert.kind.{kinds.pop()}.name" if len(kinds) == 1 else "alert.subject.several")
        matter = text.text("alert.subject.many", name=name, count=len(notification.entries))
    word = text.text(f"alert.word.{notification.purpose}")
    return one_line(unencoded(f"[{PRODUCT}] {one_line(context.host, 80)}: {word}: {matter}"), SUBJECT_LENGTH)


def _headers(notification: Notification, context: MailContext) -> dict[str, str]:
    headers = {
        # RFC 3834 and its forerunners: no absence notice answers this.
        "Auto-Submitted": "auto-generated",
        "Precedence": "bulk",
        "X-Auto-Response-Suppress": "All",
        "X-Baikaldoc-Pos-Event": notification.purpose,
        "X-Baikaldoc-Pos-Host": unencoded(one_line(context.host, 60)),
        "X-Baikaldoc-Pos-Service": unencoded(one_line(context.service, 60)),
    }
    kinds = sorted({entry.kind for entry in notification.entries})
    if kinds:
        headers["X-Baikaldoc-Pos-Alert"] = ", ".join(kinds)
    openings = list(dict.fromkeys(entry.opening for entry in notification.entries if entry.opening))
    if openings:
        headers["In-Reply-To"] = openings[0]
        headers["References"] = " ".join(openings[:MOST_SECTIONS])
    return headers


def _plain(intro: str, sections: Sequence[Section], further: str, footer: str, context: MailContext) -> Iterator[str]:
    yield intro
    for each in sections:
        yield ""
        yield each.headline
        yield "-" * min(len(each.headline), 72)
        yield each.text
        yield ""
        yield from (f"{name}: {value}" for name, value in each.facts)
        if each.records:
            yield ""
            for record in each.records:
                yield f"  - {record.name}"
                if record.code:
                    yield f"    {context.text.text('alert.fact.code')}: {record.code}"
            if each.more:
                yield f"  … {context.text.text('alert.more_records', count=each.more)}"
        if each.advice:
            yield ""
            yield f"{context.text.text('alert.what_to_do')} {each.advice}"
        if each.commands:
            yield ""
            yield context.text.text("alert.look_closer")
            yield from (f"    {command}" for command in each.commands)
    if further:
        yield ""
        yield further
    yield ""
    yield "-- "
    yield footer


def _html(
    intro: str, sections: Sequence[Section], further: str, footer: str, purpose: Purpose, context: MailContext
) -> Iterator[str]:
    text, escape = context.text, html.escape
    yield f'<!DOCTYPE html><html lang="{escape(text.language)}"><head><meta charset="utf-8"></head>'
    yield f'<body style="{_STYLE}"><p>{escape(intro)}</p>'
    for each in sections:
        yield f'<h2 style="font-size:17px;color:{_COLOURS[purpose]}">{escape(each.headline)}</h2>'
        yield f"<p>{escape(each.text)}</p><table cellpadding='3'>"
        for name, value in each.facts:
            yield f'<tr><td style="color:#57606a;vertical-align:top">{escape(name)}</td><td>{escape(value)}</td></tr>'
        yield "</table>"
        if each.records:
            yield "<ul>"
            for record in each.records:
                words = f"{text.text('alert.fact.code')}: {record.code}"
                code = f"<br><span style='color:#57606a'>{escape(words)}</span>" if record.code else ""
                yield f"<li>{escape(record.name)}{code}</li>"
            yield f"</ul><p>{escape(text.text('alert.more_records', count=each.more))}</p>" if each.more else "</ul>"
        if each.advice:
            yield f"<p><b>{escape(text.text('alert.what_to_do'))}</b> {escape(each.advice)}</p>"
        if each.commands:
            yield f"<p>{escape(text.text('alert.look_closer'))}</p>"
            yield "".join(
                f'<pre style="background:#f3f4f6;padding:6px 10px">{escape(command)}</pre>' for command in each.commands
            )
    if further:
        yield f"<p>{escape(further)}</p>"
    yield f'<p style="color:#57606a;font-size:12px">{escape(footer)}</p></body></html>'
