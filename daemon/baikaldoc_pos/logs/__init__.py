"""Where records go: JSON lines in dated files, readable sentences on standard error, every secret masked in both.

:func:`configure` sets it up for the process and hands back a :class:`LogSetup`, by which it is changed at reload and
taken down at the end. Of the rest of the program this package knows the events' catalogue, and nothing else.
"""

from baikaldoc_pos.logs.files import FileFailure
from baikaldoc_pos.logs.setup import LogSettings, LogSetup, configure

__all__ = ["FileFailure", "LogSettings", "LogSetup", "configure"]
