"""Records of ours and of other libraries, and a reader for them."""

import logging
import sys
from datetime import datetime, timedelta, timezone

from baikaldoc_pos.i18n import Catalogue
from baikaldoc_pos.logs.entries import Reader
from baikaldoc_pos.logs.masking import Masker

IRKUTSK = timezone(timedelta(hours=8))
NOON = datetime(2026, 10, 5, 12, 0, tzinfo=IRKUTSK)


def reader(*secrets: str) -> Reader:
    return Reader(Catalogue("ru", IRKUTSK), Masker(secrets), IRKUTSK)


def record(
    event: str = "service.stopped",
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


def foreign(text: str, *arguments: object) -> logging.LogRecord:
    """As another library makes them."""
    return logging.getLogger("urllib3").makeRecord("urllib3", logging.WARNING, __file__, 1, text, arguments, None)


def raised(error: BaseException) -> BaseException:
    """The error with a traceback."""
    try:
        raise error
    except BaseException:  # noqa: BLE001
        caught = sys.exception()
    assert caught is not None
    return caught
