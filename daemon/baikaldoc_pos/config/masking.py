"""Which texts must never appear in a log, whatever record they came in."""

import json
from urllib.parse import quote, unquote, urlsplit

from baikaldoc_pos.config.model import Configuration


def secrets_of(configuration: Configuration) -> tuple[str, ...]:
    """Every secret of a configuration, in each form that it may take in a text; the longest first."""
    connection = configuration.connection
    secrets = [connection.password.reveal()]
    if connection.proxy is not None:
        password = urlsplit(connection.proxy.reveal()).password
        if password:
            secrets += [password, unquote(password)]
    mail = configuration.service.alerts.password
    if mail is not None:
        secrets.append(mail.reveal())
    forms = {form for secret in secrets for form in _forms(secret)}
    return tuple(sorted(forms, key=lambda form: (-len(form), form)))


def _forms(secret: str) -> tuple[str, ...]:
    """As it is, as Python and JSON write it within quotes, and as a part of a URL."""
    escaped, plain = json.dumps(secret), json.dumps(secret, ensure_ascii=False)
    return secret, repr(secret)[1:-1], escaped[1:-1], plain[1:-1], quote(secret, safe="")
