"""The command ``baikaldoc-pos``, which is ``python -m baikaldoc_pos`` too.

Nothing is imported here before the service has blocked its signals: it takes a third of a second, in which a reload or
a request for a cycle would end the process.
"""

import gc
import sys
from collections.abc import Sequence

from baikaldoc_pos.service import systemd


def main() -> int:
    """Run the command line of this process; returns its exit code."""
    if command_in(sys.argv[1:]) == "run":
        systemd.block_signals()
    # What is imported stays: looking through it for garbage, again and again, is a tenth of a quick command's time.
    gc.disable()
    from baikaldoc_pos import cli  # noqa: PLC0415

    gc.freeze()
    gc.enable()
    return cli.main()


def command_in(arguments: Sequence[str]) -> str | None:
    """The command, as far as it can be told without the parser: the first argument that is no option, nor its value."""
    remaining = iter(arguments)
    for argument in remaining:
        if not argument.startswith("-"):
            return argument
        if "=" not in argument:
            next(remaining, None)
    return None


if __name__ == "__main__":
    sys.exit(main())
