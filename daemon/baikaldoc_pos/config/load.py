"""Load the configuration: read strict JSON, structure it by the model, find passwords, then report all errors at once.

Errors are collected as values; no value of the file is shown in those about its form.
"""

import json
import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import timezone
from difflib import get_close_matches
from functools import cache, partial
from pathlib import Path
from typing import Any, TypeVar, cast

from attrs import AttrsInstance, evolve, field, fields_dict, frozen, has
from cattrs import Converter
from cattrs.errors import ClassValidationError, ForbiddenExtraKeysError
from cattrs.gen import make_dict_structure_fn, override

from baikaldoc_pos.config.credentials import DELO_CREDENTIAL, SMTP_CREDENTIAL, Source
from baikaldoc_pos.config.issues import ConfigError, Phrase, key_path
from baikaldoc_pos.config.model import (
    FILES,
    AlertSettings,
    Configuration,
    ConnectionConfig,
    ProcessingConfig,
    ServiceConfig,
    leaves,
    section,
    section_class,
    settings_of,
)
from baikaldoc_pos.config.types import FieldType, Secret, UnacceptableError, found, wrong_type
from baikaldoc_pos.config.validate import certificate_faults, faults_of_alerts, faults_of_rules
from baikaldoc_pos.errors import ConfigurationInvalid
from baikaldoc_pos.i18n import LANGUAGES

# Python refuses to read integers of thousands of digits; no setting needs more than these.
_MOST_DIGITS = 40
SPOILED = frozenset({"config.fault.not_finite", "config.fault.not_text"})


class JsonObject(dict[str, object]):
    """An object of the file that remembers which of its keys stood there more than once."""

    def __init__(self, pairs: list[tuple[str, object]]) -> None:
        super().__init__(pairs)
        counts = Counter(key for key, _ in pairs)
        self.repeated = tuple(key for key, count in counts.items() if count > 1)


def read_document(path: Path, *, optional: bool = False) -> tuple[JsonObject | None, list[ConfigError]]:
    """The root object of a file and the faults of its form; no object where it cannot be used at all.

    A file that may be absent, and is, reads as an empty object.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        if optional and not path.is_symlink():
            return JsonObject([]), []
        return None, [ConfigError(path.name, "", "config.fault.file_missing", {"path": str(path)})]
    except OSError as error:
        return None, [
            ConfigError(path.name, "", "config.fault.file_unreadable", {"path": str(path), "reason": error.strerror})
        ]
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
    """What is wrong within a value, wherever it stands, as paths and problems."""
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


T = TypeVar("T", bound=AttrsInstance)
KeyPath = tuple[str, ...]


def structure(cls: type[T], document: Mapping[str, object], file: str) -> tuple[T | None, list[ConfigError]]:
    """The document as an instance of ``cls``, or None with every fault of its keys and values."""
    try:
        return _converter().structure(document, cls), []
    except ClassValidationError as error:
        return None, list(_ErrorReader(cls, file, document).of(error, cls, ()))


@cache
def _converter() -> Converter:
    converter = Converter(detailed_validation=True, forbid_extra_keys=True)
    converter.register_structure_hook_factory(has, partial(_section_hook, converter=converter))
    return converter


def _section_hook(cls: type[AttrsInstance], converter: Converter) -> Callable[[object, Any], AttrsInstance]:
    keys = {attribute.name: setting for attribute, setting in settings_of(cls)}
    overrides: dict[str, Any] = {
        name: override(rename=keys[name].key, struct_hook=_value_hook(keys[name].kind))
        if name in keys
        else override(omit=True)
        for name in fields_dict(cls)
    }
    read = make_dict_structure_fn(cls, converter, **overrides)

    def hook(value: object, _: Any) -> AttrsInstance:
        if not isinstance(value, dict):
            raise wrong_type(Phrase("config.kind.object"), value)
        return read(value, cls)

    return hook


def _value_hook(kind: FieldType | None) -> Callable[[Any, Any], Any] | None:
    return None if kind is None else lambda value, _: kind.read(value)


class _ErrorReader:
    """Reads the faults of one file out of cattrs' exceptions."""

    def __init__(self, root: type[AttrsInstance], file: str, document: Mapping[str, object]) -> None:
        self.root, self.file, self.document = root, file, document

    def of(self, error: ClassValidationError, cls: type[AttrsInstance], path: KeyPath) -> Iterator[ConfigError]:
        about_attributes, others = error.group_exceptions()
        for reason, note in about_attributes:
            attribute, setting = next(pair for pair in settings_of(cls) if pair[0].name == note.name)
            below = (*path, setting.key)
            if isinstance(reason, ClassValidationError):
                yield from self.of(reason, section_class(attribute), below)
            elif isinstance(reason, UnacceptableError):
                for problem in reason.problems:
                    yield ConfigError(self.file, key_path(below) + problem.below, problem.id, problem.fields)
            elif isinstance(reason, KeyError):
                expected = setting.kind.description if setting.kind else Phrase("config.kind.object")
                yield ConfigError(self.file, key_path(below), "config.fault.missing_key", {"expected": expected})
            else:  # a mistake of ours, not of the file's
                raise reason
        for reason in others:
            if not isinstance(reason, ForbiddenExtraKeysError):
                raise reason
            yield from (self._unknown(key, cls, path) for key in sorted(reason.extra_fields))

    def _unknown(self, key: str, cls: type[AttrsInstance], path: KeyPath) -> ConfigError:
        nearest = self._nearest(key, cls, path)
        if nearest is None:
            known = tuple(setting.key for _, setting in settings_of(cls))
            return ConfigError(self.file, key_path((*path, key)), "config.fault.unknown_key", {"known": known})
        return ConfigError(self.file, key_path((*path, key)), "config.fault.unknown_key_nearest", {"nearest": nearest})

    def _nearest(self, key: str, cls: type[AttrsInstance], path: KeyPath) -> str | None:
        """The known key that was probably meant: one of the same section, else one of the same file."""
        here = {setting.key.lower(): (*path, setting.key) for _, setting in settings_of(cls)}
        anywhere = {below[-1].lower(): below for below, _, _ in leaves(self.root)}
        for candidates in (here, anywhere):
            matches = get_close_matches(key.lower(), candidates, n=1, cutoff=0.7)
            if matches:
                return key_path(candidates[matches[0]])
        return None


SERVICE_FILE = "service_config.json"
SECTION = "alerts"


@frozen(kw_only=True)
class _Alone:
    """The file as if it had this section only, so that keys in faults have their whole path."""

    alerts: AlertSettings = field(factory=AlertSettings, metadata=section(SECTION))


def load_alert_settings(directory: Path, environ: Mapping[str, str]) -> tuple[AlertSettings | None, list[ConfigError]]:
    """The section alone, whatever else is wrong; None with its faults where it cannot be used itself."""
    document, faults = read_document(directory / SERVICE_FILE, optional=True)
    if document is None:
        return None, faults
    return read_alert_settings(document.get(SECTION, {}), directory, environ)


def read_alert_settings(
    section: object, directory: Path, environ: Mapping[str, str]
) -> tuple[AlertSettings | None, list[ConfigError]]:
    """As :func:`load_alert_settings`, from the section as JSON has it."""
    wrapped = structure(_Alone, {SECTION: section}, SERVICE_FILE)
    found = [*wrapped[1], *faults_of_alerts(section, SERVICE_FILE)]
    if wrapped[0] is None or not isinstance(section, dict):
        return None, found
    settings, more = complete(wrapped[0].alerts, section, directory, environ)
    found += more
    return (None, found) if found else (settings, [])


def complete(
    settings: AlertSettings | None, section: object, directory: Path, environ: Mapping[str, str]
) -> tuple[AlertSettings | None, list[ConfigError]]:
    """The settings with the password found and the CA file looked into, and the faults of both."""
    if not isinstance(section, dict):
        return settings, []
    faults: list[ConfigError] = []
    given = cast("Mapping[str, object]", section)
    password: str | None = None
    path: Path | None = None
    if given.get("user") is not None:
        source = Source(given, SERVICE_FILE, directory, SMTP_CREDENTIAL, prefix=f"{SECTION}.", file_key="passwordFile")
        password, path, faults = source.resolve(environ)
    named = given.get("caFile")
    if isinstance(named, str) and named.strip():
        faults = [*faults, *certificate_faults(directory / named, SERVICE_FILE, f"{SECTION}.caFile")]
    if settings is None:
        return None, faults
    secret = settings.password if settings.password is not None else Secret(password) if password else None
    ca_file = None if settings.ca_file is None else directory / settings.ca_file
    return evolve(settings, password=secret, password_path=path, ca_file=ca_file), faults


def section_of(settings: AlertSettings) -> dict[str, object]:
    """The section as JSON has it, without the password: what can be kept for when the file is no longer readable."""
    section: dict[str, object] = {}
    for attribute, each in settings_of(AlertSettings):
        value = getattr(settings, attribute.name)
        if isinstance(value, Secret):
            continue
        section[each.key] = (
            list(value) if isinstance(value, tuple) else str(value) if isinstance(value, Path) else value
        )
    return section


_FILE_ORDER = tuple(file for file, _ in FILES.values())


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
    for name, (file, _) in FILES.items():
        document, faults_of_form = read_document(directory / file, optional=name == "service")
        faults += faults_of_form
        if document is not None:
            documents[name] = document
    spoiled = {(fault.file, fault.key) for fault in faults if fault.problem in SPOILED}

    processing = _section(ProcessingConfig, documents.get("processing"), FILES["processing"][0], faults)
    connection = _connection(documents.get("connection"), directory, environ, faults)
    service = _service(documents.get("service"), directory, environ, faults)
    faults += faults_of_rules(documents)

    if faults or processing is None or connection is None or service is None:
        told = [fault for fault in faults if fault.problem in SPOILED or (fault.file, fault.key) not in spoiled]
        raise ConfigurationInvalid(sorted(told, key=lambda fault: _FILE_ORDER.index(fault.file)))
    return Configuration(processing=processing, connection=connection, service=service)


def peek_language(directory: Path) -> str:
    """The language that service_config.json asks for, whatever else is wrong with it; else Russian."""
    document, _ = read_document(directory / FILES["service"][0], optional=True)
    language = document.get("language") if document is not None else None
    return language if isinstance(language, str) and language in LANGUAGES else LANGUAGES[0]


def peek_zone(directory: Path) -> timezone | None:
    """The zone of ``utcOffsetHours``, whatever else is wrong with the configuration; None where that itself is."""
    file, _ = FILES["processing"]
    document, _ = read_document(directory / file, optional=True)
    given = None if document is None else document.get("utcOffsetHours")
    section, _ = structure(ProcessingConfig, {"statusMapping": {"-": "-"}, "utcOffsetHours": given}, file)
    return section.zone if section is not None else None


def _section(cls: type[T], document: Mapping[str, object] | None, file: str, faults: list[ConfigError]) -> T | None:
    if document is None:
        return None
    section, found = structure(cls, document, file)
    faults += found
    return section


def _service(
    document: JsonObject | None, directory: Path, environ: Mapping[str, str], faults: list[ConfigError]
) -> ServiceConfig | None:
    """The service's settings with the mail server's password found and its CA file looked into."""
    service = _section(ServiceConfig, document, FILES["service"][0], faults)
    given = {} if document is None else document.get(SECTION, {})
    alerts, found = complete(service.alerts if service is not None else None, given, directory, environ)
    faults += found
    return evolve(service, alerts=alerts) if service is not None and alerts is not None else None


def _connection(
    document: JsonObject | None, directory: Path, environ: Mapping[str, str], faults: list[ConfigError]
) -> ConnectionConfig | None:
    """The connection with its password found and its CA file looked into."""
    if document is None:
        return None
    file = FILES["connection"][0]
    password, password_path, password_faults = Source(document, file, directory, DELO_CREDENTIAL).resolve(environ)
    own_password = document.get("password") is not None
    # What was found, or a stand-in, so that a missing password is not reported twice.
    completed = document if own_password else {**document, "password": password or "-"}
    faults += password_faults
    connection = _section(ConnectionConfig, completed, file, faults)
    verify = document.get("verify")
    if isinstance(verify, str) and verify.strip():
        faults += certificate_faults(directory / verify, file, "verify")
    if connection is None or not (own_password or password):
        return None
    anchored = connection.verify if isinstance(connection.verify, bool) else directory / connection.verify
    return evolve(connection, password_path=password_path, verify=anchored)
