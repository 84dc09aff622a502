"""Writes the reference of all events, docs/events.md and docs/events.ru.md, from the code and the catalogues.

``python -m baikaldoc_pos.events_reference [--check]``; --check writes nothing and fails where a file is out of date.
An event is what the code gives to an EventLog, or an error's ``event``; both are found in the syntax tree.
"""

import ast
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from string import Formatter

from baikaldoc_pos.i18n import Catalogue

DOCUMENTS = {"ru": "events.ru.md", "en": "events.md"}
LEVELS = frozenset({"debug", "info", "warning", "error", "exception"})
_PACKAGE = Path(__file__).resolve().parent
_DOCS = _PACKAGE.parents[1] / "docs"
_COLUMNS = ("event", "level", "fields", "sentence")


def events_in_code(package: Path = _PACKAGE, known: Iterable[str] = ()) -> dict[str, set[str]]:
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


def reference(text: Catalogue) -> str:
    """The whole document in the catalogue's language."""
    lines = [
        f"# {text.text('events.reference.title')}",
        "",
        text.text("events.reference.intro"),
        "",
        _row(text.text(f"events.reference.column.{column}") for column in _COLUMNS),
        _row("---" for _ in _COLUMNS),
    ]
    for event, levels in sorted(events_in_code(known=text.ids()).items()):
        template = text.template(event)
        fields = dict.fromkeys(name for _, name, _, _ in Formatter().parse(template) if name)
        cells = (f"`{event}`", ", ".join(sorted(levels)), ", ".join(f"`{name}`" for name in fields), template)
        lines.append(_row(cells))
    return "\n".join(lines) + "\n"


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


def main(arguments: list[str]) -> int:
    """Write the documents, or with --check tell which of them are out of date."""
    stale = 0
    for language, name in DOCUMENTS.items():
        path, content = _DOCS / name, reference(Catalogue(language))
        if "--check" not in arguments:
            path.write_text(content, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != content:
            print(f"docs/{name} is not what is generated: run 'make docs'", file=sys.stderr)  # noqa: T201
            stale = 1
    return stale


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
