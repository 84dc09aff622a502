"""The house: floors with imports only downward, modules of a size to read, and no class name twice."""

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import baikaldoc_pos
import pytest

ROOT = Path(baikaldoc_pos.__file__).parent
MODULES = {path.relative_to(ROOT): ast.parse(path.read_text(encoding="utf-8")) for path in ROOT.rglob("*.py")}
# From the top; a package imports those of lower floors only. Plain modules beside them are for everybody.
FLOORS = (("cli",), ("service",), ("alerts", "monitoring"), ("sync",), ("delo", "journal"), ("logs",), ("config",))
FLOOR = {package: floor for floor, packages in enumerate(FLOORS) for package in packages}
# What one library is used by.
ONLY_IN = {
    "requests": {"delo"},
    "graphql": {"delo"},
    "sqlalchemy": {"journal"},
    "sqlite3": {"journal"},
    "sdnotify": {"service"},
    "apscheduler": {"service"},
    "smtplib": {"alerts"},
    "bottle": {"monitoring"},
}


def imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


@pytest.mark.parametrize("package", FLOOR)
def test_imports_go_downward(package: str) -> None:
    for path, tree in MODULES.items():
        if path.parts[0] == package:
            ours = {name.split(".")[1] for name in imported(tree) if name.startswith("baikaldoc_pos.")}
            above = {other for other in ours - {package} if FLOOR.get(other, len(FLOORS)) <= FLOOR[package]}
            assert not above, path


@pytest.mark.parametrize("library", ONLY_IN)
def test_a_library_has_one_room(library: str) -> None:
    users = {path.parts[0] for path, tree in MODULES.items() if library in {n.split(".")[0] for n in imported(tree)}}
    assert users == ONLY_IN[library]


def test_modules_are_of_a_size_to_read_and_class_names_are_unique() -> None:
    lengths = {path: len((ROOT / path).read_text(encoding="utf-8").splitlines()) for path in MODULES}
    assert [path for path, length in lengths.items() if length > 400] == []
    classes = Counter(
        node.name for tree in MODULES.values() for node in ast.walk(tree) if isinstance(node, ast.ClassDef)
    )
    assert [name for name, count in classes.items() if count > 1] == []
