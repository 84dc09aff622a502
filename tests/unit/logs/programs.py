"""Programs that log, run in processes of their own, so that standard error, limits and hooks are real."""

import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[3]
PREAMBLE = """
import logging, os, sys, threading, warnings
from pathlib import Path
from baikaldoc_pos.i18n import EventLog
from baikaldoc_pos.logs import LogSettings, configure
from tests.unit.logs.builders import IRKUTSK
log = EventLog("baikaldoc_pos.test")
def start(directory=None, **options):
    settings = LogSettings(zone=IRKUTSK, secrets=("hunter2!",))
    return configure(settings, directory and Path(directory), **options)
"""


def start(body: str, *arguments: str, **options: Any) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", PREAMBLE + body, *arguments]
    return subprocess.Popen(command, cwd=ROOT, text=True, encoding="utf-8", **options)


def run(body: str, *arguments: str, **options: Any) -> tuple[int, str]:
    """Its exit status and what it wrote to standard error."""
    process = start(body, *arguments, stderr=subprocess.PIPE, **options)
    _, errors = process.communicate(timeout=60)
    return process.returncode, errors
