"""What the documents tell people to type exists, and what they refer to is there."""

import re
import shlex
from pathlib import Path

import click
import pytest
from baikaldoc_pos.cli.main import build
from baikaldoc_pos.i18n import Catalogue

from tests.installation import ROOT

DOCUMENTS = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
CODE = re.compile(r"```\n(.*?)```|`([^`\n]+)`", re.DOTALL)
LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")
by_document = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))


def commands(document: Path) -> list[list[str]]:
    """Every command in the document's code, as words."""
    code = [block or span for block, span in CODE.findall(document.read_text(encoding="utf-8"))]
    lines = [part for each in code for line in each.splitlines() for part in re.split(r"&&|\|", line)]
    return [words for line in lines if "baikaldoc-pos " in line if (words := shlex.split(line, comments=True))]


def parse(command: click.Command, words: list[str], parent: click.Context | None = None) -> None:
    """Raise what the command line would raise for these words, without doing anything."""
    try:
        context = command.make_context(command.name, list(words), parent)
    except click.exceptions.Exit:  # --help, --version
        return
    if isinstance(command, click.Group):
        name, below, rest = command.resolve_command(context, [*context._protected_args, *context.args])
        assert name is not None
        parse(below, rest, context)


@by_document
def test_every_command_is_one_and_has_these_options(document: Path) -> None:
    for words in commands(document):
        if Path(words[0]).name == "baikaldoc-pos" and len(words) > 1:
            try:
                parse(build(Catalogue("en")), words[1:])
            except click.ClickException as error:
                pytest.fail(f"{shlex.join(words)}: {error.format_message()}")


def test_commands_are_really_found() -> None:
    found = commands(ROOT / "docs/ru/first-run.md")
    assert ["baikaldoc-pos", "once", "--dry-run", "--from", "2026-11-20", "--to", "2026-11-26"] in found
    with pytest.raises(click.NoSuchOption):
        parse(build(Catalogue("en")), ["once", "--dry-rum"])


@by_document
def test_every_link_and_make_target_is_there(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    assert [target for target in LINK.findall(text) if not (document.parent / target).exists()] == []
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = {target for line in re.findall(r"^([\w -]+):", makefile, re.MULTILINE) for target in line.split()}
    assert set(re.findall(r"`make ([\w-]+)", text)) <= targets


def test_both_languages_have_the_same_documents() -> None:
    russian, english = ({path.name for path in (ROOT / "docs" / each).iterdir()} for each in ("ru", "en"))
    assert russian == english
