"""What nobody caught is logged, too: with its priority, in the files, and with its secrets masked.

Python would print it to standard error as it is. May not know how records are written.
"""

import logging
import sys
import threading
from types import TracebackType

_logger = logging.getLogger(__name__)


class Hooks:
    """Python's three hooks for such errors, replaced from the moment it is made until :meth:`remove`."""

    def __init__(self) -> None:
        self._before = (sys.excepthook, threading.excepthook, sys.unraisablehook)
        sys.excepthook, threading.excepthook, sys.unraisablehook = self._of_main, _of_thread, _of_destructor

    def remove(self) -> None:
        sys.excepthook, threading.excepthook, sys.unraisablehook = self._before

    def _of_main(self, type_: type[BaseException], value: BaseException, traceback: TracebackType | None) -> None:
        if issubclass(type_, KeyboardInterrupt):  # Ctrl+C is no fault
            self._before[0](type_, value, traceback)
        else:
            _log(logging.CRITICAL, value, threading.current_thread().name)


def _of_thread(arguments: threading.ExceptHookArgs) -> None:
    if arguments.exc_value is not None and not issubclass(arguments.exc_type, SystemExit):
        _log(logging.CRITICAL, arguments.exc_value, arguments.thread.name if arguments.thread else "?")


def _of_destructor(arguments: "sys.UnraisableHookArgs") -> None:
    if arguments.exc_value is not None:
        _log(logging.ERROR, arguments.exc_value, repr(arguments.object))


def _log(level: int, error: BaseException, where: str) -> None:
    fields = {"where": where, "error": error}
    _logger.log(level, "log.uncaught", extra={"event": "log.uncaught", "fields": fields}, exc_info=error)
