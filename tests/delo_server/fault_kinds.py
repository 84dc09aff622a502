"""The faults by name, as frozen values: what can happen to one request, and what can happen to one write.

``execute`` says whether the operation is executed although its answer never arrives (the answer is lost).
"""

import json
from datetime import datetime
from email.utils import format_datetime
from typing import Literal, Self

from attrs import frozen

from tests.delo_server.messages import HTML, JSON, Answer

Part = Literal["headers", "body"]


@frozen
class Reset:
    """The connection is reset instead of an answer."""

    execute: bool = False


@frozen
class Hang:
    """Nothing is answered until ``Faults.release()`` or the server's end; then the connection is closed."""

    execute: bool = False


@frozen
class Drip:
    """The answer arrives byte by byte, from its first header or from the first byte of its body on."""

    part: Part = "body"
    interval_seconds: float = 0.02


@frozen
class Truncate:
    """Half of the body, then the end of the connection; Content-Length (or the open chunk) promised more."""

    chunked: bool = False


@frozen
class CloseAfter:
    """The answer is good, its connection is not: closed without a word of it.

    ``on_next`` resets it when the next request arrives on it, so that this request surely fails;
    otherwise it is closed at once.
    """

    on_next: bool = True


@frozen
class Endless:
    """A body that never ends, chunked or (``declared``) under an enormous Content-Length."""

    declared: bool = False


@frozen
class Delay:
    """The answer comes this much later."""

    seconds: float


@frozen
class Reject:
    """A query is answered with top-level errors and no data, and nothing is executed."""

    message: str = "Внутренняя ошибка сервера"
    status: int = 200


@frozen
class Replace:
    """Another answer instead of the right one."""

    status: int = 200
    body: bytes = b""
    content_type: str = HTML
    headers: tuple[tuple[str, str], ...] = ()
    execute: bool = False

    @classmethod
    def by_status(cls, status: int, retry_after: int | str | datetime | None = None, *, execute: bool = False) -> Self:
        """An error page with a status; ``retry_after`` in seconds, as an instant, or any text."""
        if isinstance(retry_after, datetime):
            retry_after = format_datetime(retry_after, usegmt=True)
        headers = (("Retry-After", str(retry_after)),) if retry_after is not None else ()
        page = Answer.of_html(f"Ошибка {status}", status, headers)
        return cls(status, page.body, HTML, headers, execute)

    def answer(self) -> Answer:
        return Answer(self.status, self.body, self.content_type, self.headers)


HTML_ERROR = Replace(body=Answer.of_html("Ведутся технические работы").body)
JSON_LIST = Replace(body=b"[]", content_type=JSON)
JSON_NULL = Replace(body=b"null", content_type=JSON)
EMPTY_BODY = Replace(content_type=JSON)
INVALID_JSON = Replace(body=b'{"data": {"arRubricValuesPg": ', content_type=JSON)
WRONG_CHARSET = Replace(
    body=json.dumps({"errors": [{"message": "Запись не найдена"}]}, ensure_ascii=False).encode("cp1251"),
    content_type=JSON,
)

Fault = Reset | Hang | Drip | Truncate | CloseAfter | Endless | Delay | Reject | Replace


@frozen
class AliasError:
    """A top-level error whose path is the alias, and a null payload."""

    message: str = "Внутренняя ошибка при записи рубрики"
    stores: bool = False


@frozen
class NullPayload:
    """A null payload, and no error that explains it."""

    stores: bool = False


@frozen
class Refused:
    """``success: false`` with the server's words."""

    message: str = "Нет прав на изменение рубрики"
    code: str | None = "ACCESS_DENIED"
    system_message: str | None = "Eos.Delo.AccessDeniedException"
    stores: bool = False


@frozen
class WrongEcho:
    """``success: true``, but another value comes back; what is stored is that one, the asked one, or nothing."""

    value: str | None = "Другой статус"
    stores: Literal["echoed", "asked", "nothing"] = "echoed"


@frozen
class NullData:
    """``success: true`` and ``data: null``."""

    stores: bool = True


@frozen
class MissingKey:
    """The alias is missing in the answer's data."""

    stores: bool = False


WriteFault = AliasError | NullPayload | Refused | WrongEcho | NullData | MissingKey
