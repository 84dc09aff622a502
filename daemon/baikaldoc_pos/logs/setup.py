"""Adds the handlers, changes them at reload, and removes them."""

import logging
import sys
import threading
from datetime import UTC, tzinfo
from pathlib import Path
from types import TracebackType

from attrs import field, frozen

from baikaldoc_pos.i18n import Catalogue
from baikaldoc_pos.logs.entries import Reader
from baikaldoc_pos.logs.files import DatedFileHandler, FileFailure
from baikaldoc_pos.logs.formatters import ConsoleHandler, JsonEvents, SentenceFormatter, style_of_stderr
from baikaldoc_pos.logs.masking import Masker

_OURS = "baikaldoc_pos"
_ROOT = ""
# Named, since a library may set its own loggers lower: sgqlc shows Set-Cookie at INFO.
_LIBRARIES = ("sgqlc", "urllib3", "requests", "apscheduler", "waitress", "py.warnings")


@frozen(kw_only=True)
class LogSettings:
    """What can change at reload.

    :param level: debug, info, warning or error; of other libraries nothing below warning is taken.
    :param keep_days: how many days files are kept beside today's.
    :param zone: the installation's zone, for the times shown and the dates in the files' names.
    :param secrets: texts to mask.
    """

    language: str = "ru"
    level: str = "info"
    keep_days: int = 30
    zone: tzinfo = UTC
    secrets: tuple[str, ...] = field(default=(), repr=False)


def configure(settings: LogSettings, directory: Path | None, *, console: bool = True) -> "LogSetup":
    """Begin to log. A directory that cannot be written raises nothing: it is logged as ``log.file_failed``.

    :param directory: where the files are; None for no files (commands that only read).
    :param console: everything on standard error; False: warnings and above only.
    """
    return LogSetup(settings, directory, console=console)


class LogSetup:
    """Logging of this process, from :func:`configure` to :meth:`close`."""

    def __init__(self, settings: LogSettings, directory: Path | None, *, console: bool) -> None:
        self._console = ConsoleHandler(logging.NOTSET if console else logging.WARNING)
        self._files = None if directory is None else DatedFileHandler(directory, tell=self._console.handle)
        self._style = style_of_stderr()
        self._masker = Masker()
        self._levels = {name: logging.getLogger(name).level for name in (_ROOT, _OURS, *_LIBRARIES)}
        self.reconfigure(settings)
        for handler in self._handlers():
            logging.getLogger().addHandler(handler)
        logging.captureWarnings(capture=True)
        self._hooks = (sys.excepthook, threading.excepthook, sys.unraisablehook)
        sys.excepthook, threading.excepthook, sys.unraisablehook = _log_of_main, _log_of_thread, _log_of_destructor

    @property
    def file_failures(self) -> tuple[FileFailure, ...]:
        """What of the log files cannot be written now, for STATUS= and alerts."""
        return () if self._files is None else self._files.failures

    def reconfigure(self, settings: LogSettings) -> None:
        """Take other settings, between two records; none is lost. Former secrets stay masked."""
        self._masker = self._masker.with_secrets(settings.secrets)
        reader = Reader(Catalogue(settings.language, settings.zone), self._masker, settings.zone)
        self._console.setFormatter(SentenceFormatter(reader, self._style))
        if self._files is not None:
            self._files.configure(JsonEvents(reader), settings.zone, settings.keep_days)
        level = logging.getLevelNamesMapping()[settings.level.upper()]
        logging.getLogger(_OURS).setLevel(level)
        for name in (_ROOT, *_LIBRARIES):
            logging.getLogger(name).setLevel(max(level, logging.WARNING))
        # Its warnings are about runs that were skipped, for which there is an event of ours.
        logging.getLogger("apscheduler").setLevel(logging.ERROR)

    def close(self) -> None:
        """Restore logging as it was before."""
        sys.excepthook, threading.excepthook, sys.unraisablehook = self._hooks
        logging.captureWarnings(capture=False)
        for handler in self._handlers():
            logging.getLogger().removeHandler(handler)
            handler.close()
        for name, level in self._levels.items():
            logging.getLogger(name).setLevel(level)

    def _handlers(self) -> tuple[logging.Handler, ...]:
        return (self._console,) if self._files is None else (self._console, self._files)


def _log_of_main(type_: type[BaseException], value: BaseException, traceback: TracebackType | None) -> None:
    if issubclass(type_, KeyboardInterrupt):  # Ctrl+C is no fault
        sys.__excepthook__(type_, value, traceback)
    else:
        _log(logging.CRITICAL, value, threading.current_thread().name)


def _log_of_thread(arguments: threading.ExceptHookArgs) -> None:
    if not issubclass(arguments.exc_type, SystemExit):
        _log(logging.CRITICAL, arguments.exc_value, arguments.thread.name if arguments.thread else "?")


def _log_of_destructor(arguments: "sys.UnraisableHookArgs") -> None:
    _log(logging.ERROR, arguments.exc_value, repr(arguments.object))


def _log(level: int, error: BaseException | None, where: str) -> None:
    fields = {"where": where, "error": error}
    logging.getLogger(__name__).log(
        level, "log.uncaught", extra={"event": "log.uncaught", "fields": fields}, exc_info=error
    )
