"""``tradepost seller new --protocol``: one project for each protocol, or one for all of them."""

from __future__ import annotations

import re
import sys
from itertools import combinations
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.kit import wire
from tests.kit.projects import NO_WAIT, TRADEPOST, path_with_tradepost, run, served
from tests.kit.servers import free_port
from tradepost.kit.keypair import KeyPair
from tradepost.kit.scaffold import FRAMEWORKS, write_project
from tradepost.kit.scaffold.template_values import ADDRESS, KEY_NAMES, PROTOCOLS, SELLING_PROTOCOLS
from tradepost.protocols import registry
from tradepost.protocols.commands import Buyer, Command, Create, Done, NotifyOrder, Purchase, Rejected, Release
from tradepost.protocols.sync_commands import SyncFlag, SyncTenant

ALL = ("--protocol", ",".join(PROTOCOLS))
OTHERS = tuple(name for name in PROTOCOLS if name != "saas_v2")
"""A project of SaaS 2.0 alone is that of ``test_scaffold``."""
ALONE = ("license_code", "joint_kit_v2", "order_notice")
"""One of each kind that ``test_scaffold`` does not have. The tester checks the others in the project of all."""
FEWEST = {
    "saas_v2": 150,
    "saas_v1": 150,
    "license_online": 130,
    "license_v1": 90,
    "license_code": 100,
    "joint_kit_v2": 95,
    "joint_kit_v1": 80,
    "order_notice": 80,
}
OWN_TESTS = {
    **dict.fromkeys(SELLING_PROTOCOLS, 2),
    "license_code": 1,
    "joint_kit_v2": 1,
    "joint_kit_v1": 1,
    "order_notice": 1,
}
TENANT = SyncTenant(
    tenant_id="t1", tenant_code="acme", name="A", domain_name="https://a.example.com", flag=SyncFlag.ADD
)


def first_call(name: str) -> Command:
    """Return the first call of each protocol. Orders and instances are the market's, so they are distinct."""
    match name:
        case "joint_kit_v2" | "joint_kit_v1":
            return TENANT
        case "license_code":
            return Release(instance_id="PL1")
        case "order_notice":
            return NotifyOrder(order_id="CS1", order_line_id="CS1-000001")
    return Create(
        order_id=f"CS-{name}",
        order_line_id=f"CS-{name}-000001",
        business_id=f"of {name}",
        buyer=Buyer(customer_id="c1", customer_name="A buyer"),
        purchase=Purchase(product_id="p1"),
    )


def new(folder: Path, *options: str) -> Path:
    said = run(*TRADEPOST, "seller", "new", str(folder), *options, cwd=folder.parent)
    assert said.returncode == 0, said.stderr
    return folder


def run_tester(project: Path) -> dict[str, int]:
    """Return the checks of each report, none of which failed."""
    ended = run("ci/check.sh", *NO_WAIT, cwd=project, PORT=str(free_port()), PATH=path_with_tradepost(project))
    assert ended.returncode == 0, ended.stdout[-4000:] + ended.stderr[-2000:]
    found = {}
    for path in project.glob("report*.xml"):
        suite = ET.parse(path).getroot()
        assert (suite.get("failures"), suite.get("errors")) == ("0", "0")
        found[path.stem] = int(suite.get("tests") or 0)
    return found


def run_own_tests(project: Path) -> int:
    ended = run(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", cwd=project)
    assert ended.returncode == 0, ended.stdout
    passed = re.search(r"(\d+) passed", ended.stdout)
    assert passed is not None, ended.stdout
    return int(passed[1])


def is_clean(*projects: Path) -> None:
    for project in projects:
        for what in (("check",), ("format", "--check")):
            options = ("--isolated", "--no-cache", "--line-length=120", ".")
            ended = run(sys.executable, "-m", "ruff", *what, *options, cwd=project)
            assert ended.returncode == 0, ended.stdout
        for path in project.rglob("*"):
            if path.is_file() and not {"__pycache__", "data"} & set(path.relative_to(project).parts):
                assert "<<" not in path.read_text(), path


def keys_of(project: Path) -> dict[str, str]:
    lines = (project / ".env").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))


@pytest.mark.slow
@pytest.mark.parametrize("name", ALONE)
def test_project_of_one_version_passes_at_once(name, tmp_path):
    project = new(tmp_path / "shop", "--protocol", name)
    assert run_tester(project)["report"] >= FEWEST[name]


@pytest.mark.slow
@pytest.mark.parametrize("name", OTHERS)
def test_project_of_one_version_is_clean_and_passes_its_own_tests(name, tmp_path):
    project = new(tmp_path / "shop", "--protocol", name)
    is_clean(project)
    assert run_own_tests(project) == OWN_TESTS[name]


@pytest.mark.slow
def test_project_of_all_versions_passes_each_at_one_address(tmp_path):
    project = new(tmp_path / "shop", *ALL)
    is_clean(project)
    found = run_tester(project)
    assert set(found) == {f"report-{name}" for name in PROTOCOLS}
    assert all(found[f"report-{name}"] >= fewest for name, fewest in FEWEST.items())
    assert run_own_tests(project) == sum(OWN_TESTS.values())


@pytest.mark.slow
@pytest.mark.parametrize("framework", list(FRAMEWORKS))
def test_project_of_all_versions_answers_each_with_its_own_key(framework, tmp_path):
    """saas-v2 §1.3: a key for each class; openapi-jointkit §A.0: the kit's calls come to paths below the product's address."""
    project = new(tmp_path / "shop", "--framework", framework, *ALL)
    keys = keys_of(project)
    assert len({keys[name] for name in KEY_NAMES.values()}) == 4
    with served(project) as url:
        for name in PROTOCOLS:
            spoken, command = registry.protocol(name), first_call(name)
            key = keys[KEY_NAMES[spoken.key_class]]
            for signed_with, code in ((key, ""), ("another key", "000001")):
                nonce, now = wire.nonce(), wire.real_now()
                request = spoken.encode(command, address=f"{url}{ADDRESS}", key=signed_with, now=now, nonce=nonce)
                said = spoken.decode(command, wire.exchange(request), key=key, require_body_sign=True)
                if name == "license_code" and not code:
                    assert said == Rejected(code="000003", message="no such instance")
                elif code:
                    assert (type(said), getattr(said, "code", "")) == (Rejected, code), (name, said)
                else:
                    assert isinstance(said, Done), (name, said)


def test_versions_with_different_key_classes_have_a_key_each(tmp_path):
    """saas-v2 §1.3: the class of an interface decides about its key."""
    assert {registry.protocol(name).key_class for name in PROTOCOLS} == set(KEY_NAMES)
    both = new(tmp_path / "both", "--protocol", "saas_v2", "--protocol", "license_v1", "--protocol", "saas_v2")
    assert list(keys_of(both)) == ["SELLER_KEY", "SELLER_LICENSE_KEY"]
    alone = new(tmp_path / "alone", "--protocol", "license_v1")
    assert list(keys_of(alone)) == ["SELLER_KEY"]


def test_every_two_versions_make_a_clean_project(tmp_path):
    """Template blocks that are only adjacent under two conditions."""
    pair = KeyPair("-----BEGIN PUBLIC KEY-----\nAA==\n-----END PUBLIC KEY-----\n", "AA==")
    projects = [tmp_path / "-".join(map(str, numbers)) for numbers in combinations(range(len(PROTOCOLS)), 2)]
    for project in projects:
        names = [PROTOCOLS[int(number)] for number in project.name.split("-")]
        write_project(project, "flask", key="k", version="1", protocols=names, pair=lambda: pair)
        for path in project.rglob("*.py"):
            compile(path.read_text(), path, "exec")
            assert "<<" not in path.read_text(), path
    is_clean(projects[0], projects[-1])


def test_unsupported_version_is_named_and_nothing_is_written(tmp_path):
    ended = run(*TRADEPOST, "seller", "new", str(tmp_path / "x"), "--protocol", "saas_v3", cwd=tmp_path)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert (
        "no project for saas_v3; there are: saas_v2, saas_v1, license_online, license_v1, license_code" in ended.stderr
    )
    with pytest.raises(LookupError, match="no protocol"):
        write_project(tmp_path / "x", "wsgi", key="k", version="1", protocols=())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "title", "image"), [("我的商店", "我的商店", "seller"), ('My "Shop" <1>', "My Shop 1", "my-shop-1")]
)
@pytest.mark.parametrize("framework", ["wsgi", "asgi"])
def test_folder_may_have_any_name(framework, name, title, image, tmp_path):
    write_project(tmp_path / name, framework, key="k", version="1")
    assert f'NAME = "{title}"' in (tmp_path / name / "app.py").read_text()
    compile((tmp_path / name / "app.py").read_text(), "app.py", "exec")
    assert f"docker build -t {image} ." in (tmp_path / name / "README.md").read_text()
