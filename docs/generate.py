"""Generates the references of keys and of events from the code and the catalogues, each in both languages.

``make docs`` writes them, ``make docs-check`` (in CI) fails where a file is out of date.
An event is what the code gives to an EventLog, or an error's ``event``; both are found in the syntax tree.
"""

import argparse
import ast
import json
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import baikaldoc_pos
from attrs import NOTHING, Attribute, AttrsInstance
from baikaldoc_pos.config import AlertKind
from baikaldoc_pos.config.credentials import DELO_CREDENTIAL, SMTP_CREDENTIAL
from baikaldoc_pos.config.issues import render_phrase
from baikaldoc_pos.config.model import FILES
from baikaldoc_pos.config.settings import leaves
from baikaldoc_pos.i18n import LANGUAGES, Catalogue

DOCS = Path(__file__).resolve().parent
PACKAGE = Path(baikaldoc_pos.__file__).resolve().parent
# What STATUS= is put together from.
STATES = ("state.", "watchdog.")
LEVELS = frozenset({"debug", "info", "warning", "error", "exception"})


def configuration_reference(catalogue: Catalogue) -> str:
    """The reference of all keys in the catalogue's language."""
    return "\n".join(_configuration_lines(catalogue)) + "\n"


def key_sentence(file: str, path: tuple[str, ...]) -> str:
    """The id of the sentence that explains a key, ``file`` being its attribute of Configuration."""
    return ".".join(("config.key", file, *path))


def _configuration_lines(catalogue: Catalogue) -> Iterator[str]:
    columns = ("key", "kind", "default", "meaning")
    yield f"# {catalogue.text('config.reference.title')}"
    yield ""
    yield f"<!-- {catalogue.text('config.reference.generated')} -->"
    yield ""
    yield catalogue.text("config.reference.intro", credential=DELO_CREDENTIAL)
    for name, (file, cls) in FILES.items():
        yield ""
        yield f"## {file}"
        yield ""
        yield catalogue.text(f"config.reference.file.{name}")
        yield ""
        yield _row(catalogue.text(f"config.reference.column.{column}") for column in columns)
        yield _row("---" for _ in columns)
        yield from _key_rows(name, cls, catalogue)


def _key_rows(file: str, cls: type[AttrsInstance], catalogue: Catalogue) -> Iterator[str]:
    for path, attribute, field_type in leaves(cls):
        credential = SMTP_CREDENTIAL if path[0] == "alerts" else DELO_CREDENTIAL
        yield _row(
            (
                f"`{'.'.join(path)}`",
                render_phrase(field_type.description, catalogue),
                _default(path, attribute, catalogue),
                catalogue.text(key_sentence(file, path), credential=credential),
            )
        )


def _default(path: tuple[str, ...], attribute: "Attribute[object]", catalogue: Catalogue) -> str:
    if path[-1] == "password":
        return catalogue.text("config.reference.elsewhere")
    if attribute.default is NOTHING:
        return catalogue.text("config.reference.required")
    return f"`{json.dumps(attribute.default, ensure_ascii=False)}`"


def events_reference(catalogue: Catalogue) -> str:
    """The reference of what the service says, in the catalogue's language: its state, its alerts, its events."""
    events = events_in_code(known=catalogue.ids())
    states = [id_ for id_ in sorted(catalogue.ids()) if id_.startswith(STATES) and id_ not in events]
    parts = (
        (("sentence", "advice"), ((catalogue.template(id_), _advice(id_, catalogue)) for id_ in states)),
        (("alert", "sentence", "advice"), (_alert_cells(kind, catalogue) for kind in AlertKind)),
        (("event", "level", "sentence", "advice"), (_event_cells(*each, catalogue) for each in sorted(events.items()))),
    )
    lines = [f"# {catalogue.text('events.reference.title')}", "", catalogue.text("events.reference.intro")]
    for name, (columns, rows) in zip(("state", "alerts", "events"), parts, strict=True):
        lines += ["", f"## {catalogue.text(f'events.reference.{name}')}", ""]
        lines.append(_row(catalogue.text(f"events.reference.column.{column}") for column in columns))
        lines += [_row("---" for _ in columns), *map(_row, rows)]
    return "\n".join(lines) + "\n"


def _alert_cells(kind: str, catalogue: Catalogue) -> tuple[str, ...]:
    sentences = {
        part: catalogue.template(f"alert.kind.{kind}.{part}") for part in ("name", "text", "advice", "command")
    }
    commands = "<br>".join(f"`{line}`" for line in sentences["command"].splitlines())
    advice = f"{sentences['advice']}<br>{commands}"
    names = {"{service}": "baikaldoc-pos", "{unit}": "baikaldoc-pos", "{command}": "baikaldoc-pos"}
    for name, value in names.items():
        advice = advice.replace(name, value)
    return f"`{kind}`", f"**{sentences['name']}.** {sentences['text']}", advice


def _event_cells(event: str, levels: set[str], catalogue: Catalogue) -> tuple[str, ...]:
    sentence = re.sub(r"\{(\w+)[!:][^}]*\}", r"{\1}", catalogue.template(event))
    return f"`{event}`", ", ".join(sorted(levels)), sentence, _advice(event, catalogue)


def _advice(id_: str, catalogue: Catalogue) -> str:
    """What to do, where the sentence itself does not tell."""
    advice = f"advice.{id_}"
    return catalogue.template(advice) if advice in catalogue.ids() else ""


def events_in_code(package: Path = PACKAGE, known: Iterable[str] = ()) -> dict[str, set[str]]:
    """Every event with the levels at which it is logged; an error that is only raised has the level ``error``.

    :param known: ids among which an event with a variable ending (``record.{outcome}``) is looked for.
    """
    found: dict[str, set[str]] = {}
    for source in sorted(package.rglob("*.py")):
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
            for event, level in _events(node, tuple(known)):
                found.setdefault(event, set()).add(level)
    return found


def _events(node: ast.AST, known: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    match node:
        case ast.Call(func=ast.Attribute(value=value, attr=level), args=[name, *_]) if level in LEVELS and _is_log(
            value
        ):
            shown = "error" if level == "exception" else level
            match name:
                case ast.Constant(value=str(event)):
                    yield event, shown
                case ast.JoinedStr(values=[ast.Constant(value=str(prefix)), *_]):
                    yield from ((event, shown) for event in known if event.startswith(prefix))
        case ast.Assign(targets=[ast.Name(id="event")], value=ast.Constant(value=str(event))):
            yield event, "error"


def _is_log(value: ast.expr) -> bool:
    """Whether this is an EventLog, by the names that they have here: ``log``, ``self.log``, ``cycle_log`` …"""
    name = value.attr if isinstance(value, ast.Attribute) else getattr(value, "id", "")
    return name.strip("_").endswith("log")


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


def main(arguments: list[str]) -> int:
    """Write the documents, or with --check say by the exit code whether they are up to date."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing; fail where a file is out of date")
    check = parser.parse_args(arguments).check
    stale = []
    for language in LANGUAGES:
        for name, reference in (("configuration", configuration_reference), ("events", events_reference)):
            path, text = DOCS / language / f"{name}.md", reference(Catalogue(language))
            if path.exists() and path.read_text(encoding="utf-8") == text:
                continue
            stale.append(str(path.relative_to(DOCS)))
            if not check:
                path.write_text(text, encoding="utf-8")
    if stale and check:
        print(f"out of date, run make docs: {', '.join(stale)}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
