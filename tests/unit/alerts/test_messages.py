"""Whatever stands in a field, a mail is well-formed, has no header that nobody set, no markup, and no secret."""

import email
import email.policy
from datetime import UTC, datetime
from html.parser import HTMLParser

from baikaldoc_pos.alerts.context import MailContext
from baikaldoc_pos.alerts.mail import Notification, NotificationItem, Purpose, write
from baikaldoc_pos.alerts.message import message, message_id, one_line
from baikaldoc_pos.config import AlertKind
from baikaldoc_pos.i18n import LANGUAGES, Catalogue
from baikaldoc_pos.logs.masking import Masker
from hypothesis import assume, example, given
from hypothesis import strategies as st

from tests.mail_server import html_of, text_of

NOW = datetime(2026, 10, 15, 4, 0, tzinfo=UTC)
SECRET = "хунтер2-S3cret"
HEADERS = {
    "From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "Precedence", "X-Auto-Response-Suppress",
    "X-Baikaldoc-Pos-Event", "X-Baikaldoc-Pos-Host", "X-Baikaldoc-Pos-Service", "X-Baikaldoc-Pos-Alert",
    "In-Reply-To", "References", "MIME-Version", "Content-Type",
}  # fmt: skip
TAGS = {"html", "head", "meta", "body", "p", "h2", "table", "tr", "td", "ul", "li", "br", "span", "b", "pre"}

NASTY = st.text(max_size=30) | st.sampled_from(
    [
        "x\r\nBcc: evil@example.org\r\n\r\n<script>",
        "<img src=x onerror=alert(1)>",
        "\u202eобратно\u2066",
        "\ud800",
        "а" * 100_000,
        f"пароль {SECRET}!",
        "\r\n.\r\nQUIT",
        "{0.__class__}",
        "=?utf-8?q?=0d=0aBcc:?=",
        "\x00\x1b[31m",
    ]
)
RECORDS = st.lists(
    st.fixed_dictionaries(
        {"number": st.none() | NASTY, "isn": st.integers(), "attempts": st.integers(), "code": NASTY}
    ),
    max_size=5,
)
FIELDS = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(("status", "path", "reason", "unit", "recipient", "said", "what", "result"), NASTY),
        "count": st.integers(0, 10_000),
        "records": RECORDS,
        "lines": st.lists(NASTY, max_size=5),
        "event": st.sampled_from(["delo.unavailable", "delo.schema_mismatch"]) | NASTY,
        "event_fields": st.dictionaries(st.sampled_from(["reason", "host", "message", "what"]), NASTY),
    },
)


def context(language: str = "ru", host: str = "pos-1") -> MailContext:
    return MailContext(text=Catalogue(language, UTC), host=host, mask=Masker([SECRET]).text)


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: set[str] = set()
        self.attributes: set[str] = set()

    def handle_starttag(self, tag, attrs):
        self.seen.add(tag)
        self.attributes |= {name for name, _ in attrs}


@given(
    st.text("абвгдежз abc0123.-=?_", min_size=1, max_size=70),
    st.sampled_from(AlertKind),
    st.sampled_from([Purpose.OPENED, Purpose.CLOSED]),
    st.sampled_from(LANGUAGES),
)
def test_headers_are_read_as_they_were_written(host, kind, purpose, language):
    over = NOW if purpose is Purpose.CLOSED else None
    fields = {"count": 12, "status": "Рассмотрено. Меры приняты", "hours": 3}
    letter = write(
        Notification(purpose, [NotificationItem(kind, "", NOW, fields, over, fresh=1)]), context(language, host), NOW
    )
    wire = message(letter, "pos@example.org", ["a@example.org"])
    head = wire.partition(b"\r\n\r\n")[0]
    assert b"\r\nSubject: [baikaldoc-pos]" in head
    assert max(map(len, head.split(b"\r\n"))) <= 78
    read = email.message_from_bytes(wire, policy=email.policy.default)
    assert read["Subject"] == letter.subject
    assert read["X-Baikaldoc-Pos-Host"].strip() == letter.headers["X-Baikaldoc-Pos-Host"].strip()


@example("x\r\nBcc: evil@example.org", "ru", AlertKind.UNMAPPED_STATUS, Purpose.OPENED, [{"status": "\r\nX: y"}])
@given(
    NASTY,
    st.sampled_from(LANGUAGES),
    st.sampled_from(AlertKind),
    st.sampled_from([Purpose.OPENED, Purpose.CLOSED, Purpose.DIGEST]),
    st.lists(FIELDS, min_size=1, max_size=3),
)
def test_no_value_gets_out_of_its_place(host, language, kind, purpose, fields):
    assume(SECRET not in host)  # the machine's name is no field
    over = NOW if purpose is Purpose.CLOSED else None
    entries = [
        NotificationItem(kind, str(n), NOW, each, over, fresh=1, opening=message_id(host))
        for n, each in enumerate(fields)
    ]
    letter = write(Notification(purpose, entries), context(language, host), NOW)
    wire = message(letter, "pos@example.org", ["a@example.org", "b@example.org"])
    assert b"\n" not in wire.replace(b"\r\n", b"")
    assert wire.isascii()
    assert max(map(len, wire.split(b"\r\n"))) < 998
    assert len(wire) < 200_000
    read = email.message_from_bytes(wire, policy=email.policy.default)
    assert set(read.keys()) <= HEADERS
    assert len(set(read.keys())) == len(read.keys())
    assert not read.defects
    # A fold right after the colon is the one space that belongs there; Python's parser leaves it in the value.
    assert read["Subject"].strip().startswith("[baikaldoc-pos] ")
    assert len(read["Subject"]) <= 161
    assert read["In-Reply-To"] == entries[0].opening
    tags = _Tags()
    tags.feed(html_of(read))
    assert tags.seen <= TAGS
    assert tags.attributes <= {"style", "lang", "charset", "cellpadding"}
    for part in (text_of(read), html_of(read), *map(str, read.values())):
        assert SECRET not in part
        assert "\u202e" not in part


def test_every_kind_can_be_told():
    parts = ("name", "subject", "text", "advice", "command", "over")
    told = {f"alert.kind.{kind}.{part}" for kind in AlertKind for part in parts}
    assert {id_ for id_ in Catalogue("ru").ids() if id_.startswith("alert.kind.")} == told


@given(st.text(), st.integers(1, 50))
def test_one_line_of_bounded_length(text, limit):
    line = one_line(text, limit)
    assert len(line) <= limit
    assert line.isprintable()
    line.encode()
