"""The command line: one module a command, and the boundary where errors become sentences and exit codes.

Knows nothing of HTTP, GraphQL or SQL; every text comes from the catalogue of the configured language.
"""

from baikaldoc_pos.cli.main import main

__all__ = ["main"]
