"""``python -m baikaldoc_pos``: the same as the command ``baikaldoc-pos``."""

import sys

from baikaldoc_pos.cli import main

sys.exit(main())
