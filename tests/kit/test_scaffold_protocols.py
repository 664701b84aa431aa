"""``tradepost seller new --protocol``: one project for each version that it can speak, or one for all of them."""

from __future__ import annotations

import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.kit.projects import TRADEPOST, path_with_tradepost, run
from tests.kit.servers import free_port
from tradepost.kit.scaffold import FRAMEWORKS, PROTOCOLS, write_project
from tradepost.protocols import registry

ALL = ("--protocol", "saas_v2,license_v1", "--protocol", "license_online", "--protocol", "saas_v1,saas_v2")
FEWEST = {"saas_v2": 150, "saas_v1": 150, "license_online": 130, "license_v1": 90}


def new(folder: Path, *options: str) -> Path:
    said = run(*TRADEPOST, "seller", "new", str(folder), *options, cwd=folder.parent)
    assert said.returncode == 0, said.stderr
    return folder


def passed_the_tester(project: Path) -> dict[str, int]:
    """Checks by report, none of which failed."""
    ended = run("ci/check.sh", cwd=project, PORT=str(free_port()), PATH=path_with_tradepost(project))
    assert ended.returncode == 0, ended.stdout[-4000:] + ended.stderr[-2000:]
    found = {}
    for path in project.glob("report*.xml"):
        suite = ET.parse(path).getroot()
        assert (suite.get("failures"), suite.get("errors")) == ("0", "0")
        found[path.stem] = int(suite.get("tests") or 0)
    return found


def is_clean(project: Path) -> None:
    for what in (("check",), ("format", "--check")):
        options = ("--isolated", "--no-cache", "--line-length=120", ".")
        ended = run(sys.executable, "-m", "ruff", *what, *options, cwd=project)
        assert ended.returncode == 0, ended.stdout
    for path in project.rglob("*"):
        if path.is_file() and not {"__pycache__", "data"} & set(path.relative_to(project).parts):
            assert "<<" not in path.read_text(), path


@pytest.mark.slow
@pytest.mark.parametrize("name", PROTOCOLS)
def test_a_project_of_one_version_passes_at_once(name, tmp_path):
    project = new(tmp_path / "shop", "--protocol", name)
    is_clean(project)
    assert passed_the_tester(project)["report"] >= FEWEST[name]
    assert "2 passed" in run(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", cwd=project).stdout


@pytest.mark.slow
@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_a_project_of_all_versions_passes_each_at_its_own_path(framework, tmp_path):
    project = new(tmp_path / "shop", "--framework", framework, *ALL)
    is_clean(project)
    found = passed_the_tester(project)
    assert set(found) == {f"report-{name}" for name in PROTOCOLS}
    assert all(found[f"report-{name}"] >= fewest for name, fewest in FEWEST.items())
    assert "8 passed" in run(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", cwd=project).stdout


def test_versions_that_are_signed_with_different_keys_have_a_key_each(tmp_path):
    """saas-v2 §1.3: the class of an interface decides about its key."""
    assert {registry.protocol(name).key_class for name in PROTOCOLS} == {"base", "license"}
    project = new(tmp_path / "both", *ALL)
    names = [line.partition("=")[0] for line in (project / ".env").read_text().splitlines() if "=" in line]
    assert names == ["SELLER_KEY", "SELLER_LICENSE_KEY"]
    alone = new(tmp_path / "alone", "--protocol", "license_v1")
    names = [line.partition("=")[0] for line in (alone / ".env").read_text().splitlines() if "=" in line]
    assert names == ["SELLER_KEY"]


def test_a_version_that_no_project_speaks_is_named_and_nothing_is_written(tmp_path):
    for name in ("joint_kit_v1", "saas_v3"):
        ended = run(*TRADEPOST, "seller", "new", str(tmp_path / "x"), "--protocol", name, cwd=tmp_path)
        assert (ended.returncode, ended.stdout) == (1, "")
        assert f"no project for {name}; there are: saas_v2, saas_v1, license_online, license_v1" in ended.stderr
    with pytest.raises(LookupError, match="no protocol"):
        write_project(tmp_path / "x", "wsgi", key="k", version="1", protocols=())
    assert list(tmp_path.iterdir()) == []
