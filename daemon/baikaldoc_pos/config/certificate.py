"""Certificates: a look into the CA file that ``verify`` names, so that a wrong one is a fault at once and not at the
first request; and how strictly certificates are taken.
"""

import ssl
from pathlib import Path

from baikaldoc_pos.config.faults import Fault


def certificate_faults(path: Path, file: str, key: str) -> list[Fault]:
    """The faults of a CA file: it must be there, readable, and hold certificates in PEM form."""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=path)
    except ssl.SSLError:
        return [Fault(file, key, "config.fault.ca_not_pem", {"path": str(path)})]
    except OSError as error:
        return [Fault(file, key, "config.fault.ca_unreadable", {"path": str(path), "reason": error.strerror})]
    except ValueError:  # a NUL in the path
        return [Fault(file, key, "config.fault.path_invalid")]
    return []


def without_strict(context: ssl.SSLContext) -> ssl.SSLContext:
    """The context as Python had it before 3.13, which refuses a CA whose certificate lacks extensions of RFC 5280.

    Internal CAs often do, and an upgrade of Python is no reason to stop. Signatures, dates and names are checked.
    """
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context
