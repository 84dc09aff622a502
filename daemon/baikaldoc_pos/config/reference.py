"""Writes the reference of all keys, docs/configuration.md and docs/configuration.ru.md, from the model.

``python -m baikaldoc_pos.config.reference [--check]``; --check writes nothing and fails where a file is out of date.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

from attrs import NOTHING, Attribute, AttrsInstance

from baikaldoc_pos.config.credentials import DELO_CREDENTIAL, SMTP_CREDENTIAL
from baikaldoc_pos.config.issues import render_phrase
from baikaldoc_pos.config.model import FILES, leaves
from baikaldoc_pos.i18n import Catalogue

DOCUMENTS = {"ru": "configuration.ru.md", "en": "configuration.md"}
_DOCS = Path(__file__).resolve().parents[3] / "docs"
_COLUMNS = ("key", "kind", "default", "meaning")


def reference(catalogue: Catalogue) -> str:
    """The whole document in the catalogue's language."""
    return "\n".join(_lines(catalogue)) + "\n"


def key_sentence(file: str, path: tuple[str, ...]) -> str:
    """The id of the sentence that explains a key, ``file`` being its attribute of Configuration."""
    return ".".join(("config.key", file, *path))


def _lines(catalogue: Catalogue) -> Iterator[str]:
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
        yield _row(catalogue.text(f"config.reference.column.{column}") for column in _COLUMNS)
        yield _row("---" for _ in _COLUMNS)
        yield from _rows(name, cls, catalogue)


def _rows(file: str, cls: type[AttrsInstance], catalogue: Catalogue) -> Iterator[str]:
    for path, attribute, kind in leaves(cls):
        yield _row(
            (
                f"`{'.'.join(path)}`",
                render_phrase(kind.description, catalogue),
                _default(path, attribute, catalogue),
                catalogue.text(key_sentence(file, path), credential=_credential(path)),
            )
        )


def _credential(path: tuple[str, ...]) -> str:
    return SMTP_CREDENTIAL if path[0] == "alerts" else DELO_CREDENTIAL


def _row(cells: Iterator[str] | tuple[str, ...]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _default(path: tuple[str, ...], attribute: "Attribute[object]", catalogue: Catalogue) -> str:
    if path[-1] == "password":
        return catalogue.text("config.reference.elsewhere")
    default = attribute.default
    if default is NOTHING:
        return catalogue.text("config.reference.required")
    return f"`{json.dumps(default, ensure_ascii=False)}`"


def main(arguments: list[str]) -> int:
    """Write both documents, or with --check say by the exit code whether they are up to date."""
    stale = []
    for language, name in DOCUMENTS.items():
        text = reference(Catalogue(language))
        path = _DOCS / name
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        stale.append(name)
        if "--check" not in arguments:
            path.write_text(text, encoding="utf-8")
    if stale and "--check" in arguments:
        sys.stderr.write(f"out of date, run python -m baikaldoc_pos.config.reference: {', '.join(stale)}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
