import logging
import sys
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone, tzinfo

from baikaldoc_pos.logs.entries import Reader
from baikaldoc_pos.logs.masking import Masker

IRKUTSK = timezone(timedelta(hours=8))
NOON = datetime(2026, 10, 5, 12, 0, tzinfo=IRKUTSK)


class PlainSentences:
    """A catalogue that depends on no other file: the id with its fields, and two real sentences."""

    def __init__(self, language: str = "ru", zone: tzinfo | None = None) -> None:
        self.templates = {
            "cycle.finished": f"[{language}] Цикл {{cycle}} завершён: записано {{updated}}",
            "session.signed_in": f"[{language}] Вход выполнен",
            "log.of_cycle": "{sentence} [цикл {cycle}]",
            "log.level.info": "сведения",
            "library.message": "{logger}: {text}",
            "broken.sentence": "{status.deep[no]}",
        }

    def render(self, id_: str, fields: Mapping[str, object]) -> str:
        template = self.templates.get(id_)
        if template is None:
            return " ".join([id_, *(f"{name}={value}" for name, value in fields.items())])
        return template.format_map({name: fields.get(name, "?") for name in {*fields, "cycle", "updated", "status"}})


def reader(*secrets: str) -> Reader:
    return Reader(PlainSentences(), Masker(secrets), IRKUTSK)


def record(
    event: str = "session.signed_in",
    level: int = logging.INFO,
    /,
    *,
    at: datetime = NOON,
    error: BaseException | None = None,
    **fields: object,
) -> logging.LogRecord:
    """As EventLog makes them, at an instant of the test's choice."""
    made = logging.getLogger("baikaldoc_pos.test").makeRecord(
        "baikaldoc_pos.test", level, __file__, 1, event, (), None, extra={"event": event, "fields": fields}
    )
    made.created = at.timestamp()
    made.exc_info = None if error is None else (type(error), error, error.__traceback__)
    return made


def foreign(text: str, *arguments: object, level: int = logging.WARNING, name: str = "urllib3") -> logging.LogRecord:
    """As another library makes them."""
    return logging.getLogger(name).makeRecord(name, level, __file__, 1, text, arguments, None)


def raised(error: BaseException) -> BaseException:
    """The error with a traceback."""
    try:
        raise error
    except BaseException:  # noqa: BLE001
        caught = sys.exception()
    assert caught is not None
    return caught
