"""Load the configuration: read strict JSON, structure it by the model, find passwords, report all faults at once.

Faults are collected as values.
"""

import errno
import json
import math
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import timezone
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar, cast

from attrs import NOTHING, AttrsInstance, evolve

from baikaldoc_pos.config.alert_settings import AlertSettings
from baikaldoc_pos.config.credentials import DELO_CREDENTIAL, SMTP_CREDENTIAL, Source
from baikaldoc_pos.config.issues import ConfigError, Phrase, key_path
from baikaldoc_pos.config.model import FILES, Configuration, ConnectionConfig, zone_of
from baikaldoc_pos.config.settings import leaves, section_class, settings_of
from baikaldoc_pos.config.types import UTC_OFFSET, Secret, UnacceptableError, found, wrong_type
from baikaldoc_pos.config.validate import certificate_faults, faults_of_alerts, faults_of_rules
from baikaldoc_pos.errors import ConfigurationInvalid
from baikaldoc_pos.files import read_small
from baikaldoc_pos.i18n import LANGUAGES

# Python refuses to read integers of thousands of digits; no setting needs more than these.
_MOST_DIGITS = 40
MOST_BYTES = 1024 * 1024
# Unknown keys for which the nearest known one is looked for.
MOST_COMPARED = 50
SERVICE_FILE = FILES["service"][0]
T = TypeVar("T", bound=AttrsInstance)
WithPassword = TypeVar("WithPassword", ConnectionConfig, AlertSettings)
SPOILED = frozenset({"config.fault.not_finite", "config.fault.not_text"})


class JsonObject(dict[str, object]):
    """An object of the file; ``repeated`` are keys that stand in it more than once."""

    def __init__(self, pairs: list[tuple[str, object]]) -> None:
        super().__init__(pairs)
        counts = Counter(key for key, _ in pairs)
        self.repeated = tuple(key for key, count in counts.items() if count > 1)


def read_document(path: Path, *, optional: bool = False) -> tuple[JsonObject | None, list[ConfigError]]:
    """The root object of a file and the faults of its form; None where it cannot be read at all.

    :param optional: an absent file reads as an empty object.
    """
    try:
        text = read_small(path, MOST_BYTES).decode("utf-8-sig")
    except FileNotFoundError:
        if optional and not path.is_symlink():
            return JsonObject([]), []
        return None, [ConfigError(path.name, "", "config.fault.file_missing", {"path": str(path)})]
    except OSError as error:
        fields = {"path": str(path), "reason": error.strerror, "most": MOST_BYTES >> 10}
        event = "config.fault.file_too_large" if error.errno == errno.EFBIG else "config.fault.file_unreadable"
        return None, [ConfigError(path.name, "", event, fields)]
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        return None, [ConfigError(path.name, "", "config.fault.not_utf8", {"line": line})]
    return _parse(path.name, text)


def _parse(file: str, text: str) -> tuple[JsonObject | None, list[ConfigError]]:
    try:
        root = json.loads(text, object_pairs_hook=JsonObject, parse_int=_integer)
    except json.JSONDecodeError as error:
        fields = {"line": error.lineno, "column": error.colno, "reason": error.msg}
        return None, [ConfigError(file, "", "config.fault.not_json", fields)]
    except RecursionError:
        return None, [ConfigError(file, "", "config.fault.too_deep")]
    if not isinstance(root, JsonObject):
        fields_ = {"expected": Phrase("config.kind.object"), "found": found(root)}
        return None, [ConfigError(file, "", "config.fault.wrong_type", fields_)]
    return root, [ConfigError(file, key_path(path), problem) for path, problem in _walk(root, ())]


def _integer(digits: str) -> float:
    return int(digits) if len(digits) <= _MOST_DIGITS else float(digits)


def _walk(value: object, path: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """The faults within a value, as paths and ids of sentences."""
    if isinstance(value, JsonObject):
        for key in value.repeated:
            yield (*path, key), "config.fault.repeated_key"
        for key, below in value.items():
            if not _is_text(key):
                yield (*path, key), "config.fault.not_text"
            yield from _walk(below, (*path, key))
    elif isinstance(value, list):
        for position, below in enumerate(value):
            yield from _walk(below, (*path, position))
    elif isinstance(value, float) and not math.isfinite(value):
        yield path, "config.fault.not_finite"
    elif isinstance(value, str) and not _is_text(value):
        yield path, "config.fault.not_text"


def _is_text(text: str) -> bool:
    r"""Whether it can be encoded: ``"\ud800"`` is legal JSON, but half a character."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def structure(
    cls: type[T], document: object, file: str, path: tuple[str, ...] = ()
) -> tuple[T | None, list[ConfigError]]:
    """The document as an instance of ``cls``, or None with every fault of its keys and values.

    :param path: where the document stands in the file.
    """
    if not isinstance(document, dict):
        return None, _placed(wrong_type(Phrase("config.kind.object"), document), file, path)
    values: dict[str, object] = {}
    faults: list[ConfigError] = []
    known: dict[str, tuple[str, ...]] = {}
    for attribute, setting in settings_of(cls):
        below = known[setting.key] = (*path, setting.key)
        if setting.key not in document:
            if attribute.default is NOTHING:
                expected = setting.kind.description if setting.kind else Phrase("config.kind.object")
                faults.append(ConfigError(file, key_path(below), "config.fault.missing_key", {"expected": expected}))
        elif setting.kind is None:
            values[attribute.name], found = structure(section_class(attribute), document[setting.key], file, below)
            faults += found
        else:
            try:
                values[attribute.name] = setting.kind.read(document[setting.key])
            except UnacceptableError as error:
                faults += _placed(error, file, below)
    for place, key in enumerate(sorted(document.keys() - known)):
        nearest = _nearest(key, list(known.values()), file) if place < MOST_COMPARED else None
        problem, fields = (
            ("config.fault.unknown_key_nearest", {"nearest": nearest})
            if nearest
            else ("config.fault.unknown_key", {"known": tuple(known)})
        )
        faults.append(ConfigError(file, key_path((*path, key)), problem, fields))
    return (None if faults else cls(**values)), faults


def _placed(error: UnacceptableError, file: str, path: tuple[str, ...]) -> list[ConfigError]:
    return [ConfigError(file, key_path(path) + each.below, each.id, each.fields) for each in error.problems]


def _nearest(key: str, siblings: list[tuple[str, ...]], file: str) -> str | None:
    """The known key that is probably meant: one of the same section, else one of the same file."""
    anywhere = [path for path, _, _ in leaves(dict(FILES.values())[file])]
    for paths in (siblings, anywhere):
        candidates = {path[-1].lower(): path for path in paths}
        matches = get_close_matches(key.lower(), candidates, n=1, cutoff=0.7)
        if matches:
            return key_path(candidates[matches[0]])
    return None


def load_configuration(directory: Path, environ: Mapping[str, str]) -> Configuration:
    """The configuration in a directory; ``environ`` is where systemd's credentials are looked for.

    :raises ConfigurationInvalid: with every fault of every file.
    """
    try:
        directory.stat()
    except OSError as error:
        fields = {"reason": error.strerror}
        raise ConfigurationInvalid(
            [ConfigError(str(directory), "", "config.fault.directory_missing", fields)]
        ) from None
    faults: list[ConfigError] = []
    documents: dict[str, JsonObject] = {}
    sections: dict[str, Any] = {}
    for name, (file, cls) in FILES.items():
        document, found_in_form = read_document(directory / file, optional=name == "service")
        faults += found_in_form
        if document is not None:
            documents[name] = document
            sections[name], found_in_values = structure(cls, document, file)
            faults += found_in_values

    if "connection" in documents:
        source = Source(documents["connection"], FILES["connection"][0], directory, DELO_CREDENTIAL)
        sections["connection"], found = _complete(sections["connection"], source, environ, "verify", "verify")
        faults += found
    if "service" in documents:
        service, given = sections["service"], documents["service"].get("alerts", {})
        if isinstance(given, dict):
            alerts, found = _complete_alerts(service and service.alerts, given, directory, environ)
            faults += found
            sections["service"] = service and evolve(service, alerts=alerts)
    faults += faults_of_rules(documents)

    if faults:
        spoiled = {(fault.file, fault.key) for fault in faults if fault.problem in SPOILED}
        told = [fault for fault in faults if fault.problem in SPOILED or (fault.file, fault.key) not in spoiled]
        order = [file for file, _ in FILES.values()]
        raise ConfigurationInvalid(sorted(told, key=lambda fault: order.index(fault.file)))
    return Configuration(**sections)


def load_alert_settings(directory: Path, environ: Mapping[str, str]) -> tuple[AlertSettings | None, list[ConfigError]]:
    """The section ``alerts`` alone, whatever else is wrong; None with its faults where it cannot be used."""
    document, faults = read_document(directory / SERVICE_FILE, optional=True)
    if document is None:
        return None, faults
    return read_alert_settings(document.get("alerts", {}), directory, environ)


def read_alert_settings(
    section: object, directory: Path, environ: Mapping[str, str]
) -> tuple[AlertSettings | None, list[ConfigError]]:
    """As :func:`load_alert_settings`, from the section as JSON has it."""
    settings, faults = structure(AlertSettings, section, SERVICE_FILE, ("alerts",))
    faults += faults_of_alerts(section, SERVICE_FILE)
    if settings is None or not isinstance(section, dict):
        return None, faults
    settings, found = _complete_alerts(settings, section, directory, environ)
    faults += found
    return (None, faults) if faults else (settings, [])


def _complete_alerts(
    settings: AlertSettings | None, section: Mapping[str, object], directory: Path, environ: Mapping[str, str]
) -> tuple[AlertSettings | None, list[ConfigError]]:
    source = Source(section, SERVICE_FILE, directory, SMTP_CREDENTIAL, prefix="alerts.", file_key="passwordFile")
    signs_in = section.get("user") is not None
    return _complete(settings, source, environ, "caFile", "ca_file", with_password=signs_in)


def _complete(
    settings: WithPassword | None,
    source: Source,
    environ: Mapping[str, str],
    ca_key: str,
    ca_attribute: str,
    *,
    with_password: bool = True,
) -> tuple[WithPassword | None, list[ConfigError]]:
    """The settings with the password found and the CA file looked into, and the faults of both."""
    changes: dict[str, Any] = {}
    faults: list[ConfigError] = []
    if with_password:
        password, changes["password_path"], faults = source.resolve(environ)
        if password is not None:
            changes["password"] = Secret(password)
    ca_file = source.document.get(ca_key)
    if isinstance(ca_file, str) and ca_file.strip():
        changes[ca_attribute] = source.directory / ca_file
        faults += certificate_faults(changes[ca_attribute], source.file, source.prefix + ca_key)
    return settings and evolve(settings, **changes), faults


def section_of(settings: AttrsInstance) -> dict[str, object]:
    """The section as JSON has it, without the password: the journal keeps it for when the file is unreadable."""
    section: dict[str, object] = {}
    for attribute, each in settings_of(type(settings)):
        value = getattr(settings, attribute.name)
        if each.kind is None:
            section[each.key] = section_of(value)
        elif not isinstance(value, Secret):
            section[each.key] = (
                list(value) if isinstance(value, tuple) else str(value) if isinstance(value, Path) else value
            )
    return section


def peek_language(directory: Path) -> str:
    """The language that service_config.json asks for, whatever else is wrong with it; else Russian."""
    document, _ = read_document(directory / SERVICE_FILE, optional=True)
    language = document.get("language") if document else None
    return language if isinstance(language, str) and language in LANGUAGES else LANGUAGES[0]


def peek_zone(directory: Path) -> timezone | None:
    """The zone of ``utcOffsetHours``, whatever else is wrong with the configuration; None where that itself is."""
    document, _ = read_document(directory / FILES["processing"][0], optional=True)
    try:
        return zone_of(cast("float", UTC_OFFSET.read(document.get("utcOffsetHours") if document else None)))
    except UnacceptableError:
        return None
