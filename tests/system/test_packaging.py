"""What an installation without internet is made of: wheels for any platform, and everything in them."""

import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.installation import ROOT

pytestmark = pytest.mark.xdist_group("wheelhouse")


@pytest.fixture(scope="module")
def wheelhouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("wheelhouse")
    subprocess.run([sys.executable, ROOT / "packaging" / "wheelhouse.py", directory], check=True, timeout=120)
    return directory


def test_no_wheel_is_bound_to_a_platform(wheelhouse: Path) -> None:
    names = [path.name for path in wheelhouse.iterdir()]
    assert len(names) > 10
    assert [name for name in names if not name.endswith("-any.whl")] == []


def test_every_wheel_is_in_the_lock(wheelhouse: Path) -> None:
    lines = (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines()
    locked = {line.split(" ")[0].replace("-", "_") for line in lines}
    found = {"==".join(path.name.split("-")[:2]) for path in wheelhouse.iterdir()}
    assert {name for name in found if not name.startswith("baikaldoc_pos")} == locked
    assert all(" --hash=sha256:" in line for line in lines)


def test_every_dependency_has_a_floor_and_a_ceiling(wheelhouse: Path) -> None:
    (wheel,) = wheelhouse.glob("baikaldoc_pos-*.whl")
    archive = zipfile.ZipFile(wheel)
    metadata = archive.read(next(name for name in archive.namelist() if name.endswith("/METADATA"))).decode()
    required = re.findall(r"^Requires-Dist: ((?!.*extra ==).*)$", metadata, re.MULTILINE)
    assert len(required) > 10
    assert [each for each in required if ">=" not in each or "<" not in each] == []


def test_our_wheel_has_the_package_the_generated_code_and_the_catalogues(wheelhouse: Path) -> None:
    (wheel,) = wheelhouse.glob("baikaldoc_pos-*.whl")
    packed = set(zipfile.ZipFile(wheel).namelist())
    sources = [path for path in (ROOT / "daemon").rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    expected = {str(path.relative_to(ROOT / "daemon")) for path in sources if "egg-info" not in str(path)}
    expected |= {f"delo_schema/{name}.py" for name in ("__init__", "schema", "operations")}
    assert expected <= packed
