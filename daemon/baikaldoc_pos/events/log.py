"""Emitting events: a thin face of ``logging`` that takes an event id and fields instead of a sentence."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

_BOUND: ContextVar[Mapping[str, object]] = ContextVar("bound", default={})  # noqa: B039 - never changed in place


@contextmanager
def bound(**fields: object) -> Iterator[None]:
    """Add these fields to every event of this thread while the context lasts: the cycle's id, say."""
    token = _BOUND.set({**_BOUND.get(), **fields})
    try:
        yield
    finally:
        _BOUND.reset(token)


class EventLog:
    """Events of one module. A record's message is the id; formatters look the sentence up.

    Fields travel on the record as ``fields`` (a dict), beside ``event``; those of :func:`bound` are added.
    """

    def __init__(self, name: str) -> None:
        self._logger = logging.getLogger(name)

    def debug(self, event: str, /, **fields: object) -> None:
        self._emit(logging.DEBUG, event, fields)

    def info(self, event: str, /, **fields: object) -> None:
        self._emit(logging.INFO, event, fields)

    def warning(self, event: str, /, **fields: object) -> None:
        self._emit(logging.WARNING, event, fields)

    def error(self, event: str, /, **fields: object) -> None:
        self._emit(logging.ERROR, event, fields)

    def exception(self, event: str, /, **fields: object) -> None:
        """An error with the traceback of the exception that is being handled."""
        self._emit(logging.ERROR, event, fields, exc_info=True)

    def _emit(self, level: int, event: str, fields: dict[str, object], *, exc_info: bool = False) -> None:
        self._logger.log(level, event, extra={"event": event, "fields": {**_BOUND.get(), **fields}}, exc_info=exc_info)
