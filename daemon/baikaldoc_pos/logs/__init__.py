"""Logging: JSON lines in dated files, sentences on standard error, secrets masked in both.

:func:`configure` sets it up and returns the :class:`LogSetup`, which changes it at reload and ends it. Of the rest of
the program this package knows only the catalogue of events.
"""

from baikaldoc_pos.logs.files import FileFailure
from baikaldoc_pos.logs.setup import LogSettings, LogSetup, configure

__all__ = ["FileFailure", "LogSettings", "LogSetup", "configure"]
