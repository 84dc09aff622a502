"""Looks into the CA file that ``verify`` names, so that a wrong one is a fault at once and not at the first request."""

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
