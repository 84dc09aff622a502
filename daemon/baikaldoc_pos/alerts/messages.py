"""Writes mails: one with its plain text and its HTML from the same sections, and what goes onto the wire from it.

Whatever a value holds, no header gets a second line and no markup gets out of its place: values are on one line when
they come here, headers are set through EmailMessage, and all of the HTML is escaped.
"""

import html
from collections.abc import Iterator, Sequence
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime, formataddr
from uuid import uuid4

from baikaldoc_pos.alerts.headers import MAIL
from baikaldoc_pos.alerts.ledger import Dispatch, Purpose
from baikaldoc_pos.alerts.privacy import one_line
from baikaldoc_pos.alerts.sections import Section, Voice, headline, section
from baikaldoc_pos.journal import Letter

PRODUCT = "baikaldoc-pos"
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


def write(dispatch: Dispatch, voice: Voice, now: datetime) -> Letter:
    """The letter for a dispatch, with an id of its own that stays the same however often it is sent."""
    sections = [section(entry, voice) for entry in dispatch.entries[:MOST_SECTIONS]]
    more = len(dispatch.entries) - len(sections)
    intro = voice.text.text(f"alert.intro.{dispatch.purpose}", host=voice.host, service=voice.service)
    footer = voice.text.text("alert.footer", host=voice.host, at=now)
    further = voice.text.text("alert.more_conditions", count=more) if more else ""
    return Letter(
        purpose=dispatch.purpose,
        message_id=message_id(voice.host),
        written_at=now,
        subject=subject(dispatch, voice),
        text="\n".join(_plain(intro, sections, further, footer, voice)) + "\n",
        html="".join(_html(intro, sections, further, footer, dispatch.purpose, voice)),
        headers=_headers(dispatch, voice),
    )


def subject(dispatch: Dispatch, voice: Voice) -> str:
    """``[baikaldoc-pos] host: …``: sorts by machine, then by what the mail is for, then by the matter."""
    first = dispatch.entries[0] if dispatch.entries else None
    if first is None:
        matter = voice.text.text("alert.subject.test")
    elif len(dispatch.entries) == 1:
        matter = headline(first, voice)
    else:
        alike = len({entry.kind for entry in dispatch.entries}) == 1
        name = voice.text.text(f"alert.kind.{first.kind}.name") if alike else voice.text.text("alert.subject.several")
        matter = voice.text.text("alert.subject.many", name=name, count=len(dispatch.entries))
    word = voice.text.text(f"alert.word.{dispatch.purpose}")
    return one_line(_unencoded(f"[{PRODUCT}] {one_line(voice.host, 80)}: {word}: {matter}"), SUBJECT_LENGTH)


def message_id(host: str) -> str:
    """A Message-ID that nobody else gives."""
    domain = "".join(
        character for character in host if character.isascii() and (character.isalnum() or character in ".-")
    )
    # Short enough for one line of a header: what is longer is folded, and not every client puts it together again.
    return f"<{uuid4().hex[:24]}@{domain[:30].strip('.-') or 'localhost'}>"


def message(letter: Letter, sender: str, recipients: Sequence[str]) -> bytes:
    """The letter as it goes onto the wire, lines ending in CRLF, seven bits a byte."""
    mail = EmailMessage(policy=MAIL)
    mail["From"] = formataddr((PRODUCT, sender))
    mail["To"] = ", ".join(recipients)
    mail["Subject"] = letter.subject
    mail["Date"] = format_datetime(letter.written_at)
    mail["Message-ID"] = letter.message_id
    for name, value in letter.headers.items():
        mail[name] = value
    mail.set_content(letter.text, cte="base64")
    mail.add_alternative(letter.html, subtype="html", cte="base64")
    return mail.as_bytes()


def _headers(dispatch: Dispatch, voice: Voice) -> dict[str, str]:
    headers = {
        # RFC 3834 and its forerunners: nobody's absence notice answers this.
        "Auto-Submitted": "auto-generated",
        "Precedence": "bulk",
        "X-Auto-Response-Suppress": "All",
        "X-Baikaldoc-Pos-Event": dispatch.purpose,
        "X-Baikaldoc-Pos-Host": _name(voice.host),
        "X-Baikaldoc-Pos-Service": _name(voice.service),
    }
    kinds = sorted({entry.kind for entry in dispatch.entries})
    if kinds:
        headers["X-Baikaldoc-Pos-Alert"] = ", ".join(kinds)
    openings = list(dict.fromkeys(entry.opening for entry in dispatch.entries if entry.opening))
    if openings:
        headers["In-Reply-To"] = openings[0]
        headers["References"] = " ".join(openings[:MOST_SECTIONS])
    return headers


def _name(value: str) -> str:
    return _unencoded(one_line(value, 60))


def _unencoded(value: str) -> str:
    """Without what would be read as an encoded word (RFC 2047), which may hold anything, ends of lines too."""
    return value.replace("=?", "= ?").replace("?=", "? =")


def _plain(intro: str, sections: Sequence[Section], further: str, footer: str, voice: Voice) -> Iterator[str]:
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
                if record.said:
                    yield f"    {voice.text.text('alert.fact.said')}: {record.said}"
            if each.more:
                yield f"  … {voice.text.text('alert.more_records', count=each.more)}"
        if each.advice:
            yield ""
            yield f"{voice.text.text('alert.what_to_do')} {each.advice}"
        if each.commands:
            yield ""
            yield voice.text.text("alert.look_closer")
            yield from (f"    {command}" for command in each.commands)
    if further:
        yield ""
        yield further
    yield ""
    yield "-- "
    yield footer


def _html(
    intro: str, sections: Sequence[Section], further: str, footer: str, purpose: Purpose, voice: Voice
) -> Iterator[str]:
    text, escape = voice.text, html.escape
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
                words = f"{text.text('alert.fact.said')}: {record.said}"
                said = f"<br><span style='color:#57606a'>{escape(words)}</span>" if record.said else ""
                yield f"<li>{escape(record.name)}{said}</li>"
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
