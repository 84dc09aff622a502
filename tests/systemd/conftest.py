"""Fixtures of the tests under a real systemd. Without one they skip and say why; with CI=true they fail."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.systemd import box as boxes
from tests.systemd import product as products
from tests.systemd.box import SystemdBox


def require(missing: str | None) -> None:
    if missing is None:
        return
    if os.environ.get("CI") == "true":
        pytest.fail(f"no systemd box on a CI machine: {missing}", pytrace=False)
    pytest.skip(f"no systemd box: {missing}")


@pytest.fixture(scope="session")
def bootable() -> None:
    """Skip or fail where no box can be booted."""
    require(boxes.missing_requirement())


@pytest.fixture(scope="session")
def product(bootable: None) -> Path:
    """The installed product, to be mounted at products.PREFIX."""
    require(products.missing_requirement())
    return products.installed()


@pytest.fixture
def box(product: Path) -> Iterator[SystemdBox]:
    """A freshly booted box with product, units and account."""
    with products.box(product) as booted:
        yield booted


@pytest.fixture(scope="module")
def shared_box(product: Path) -> Iterator[SystemdBox]:
    """The same for all tests of a module that leave nothing behind."""
    with products.box(product) as booted:
        yield booted
