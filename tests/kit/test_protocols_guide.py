"""The guide of all protocols: its blocks run, and its terms are those of the code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.kit.guides import GUIDES, blocks
from tests.kit.projects import path_with_tradepost, run
from tradepost.kit.scaffold.template_values import PROTOCOLS
from tradepost.protocols import registry
from tradepost.protocols.client_secret import decrypt, encrypt
from tradepost.protocols.commands import Create, Query

BOTH = ["protocols.md", "protocols.zh-CN.md"]


@pytest.fixture(params=BOTH)
def guide(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_both_languages_have_the_same_blocks():
    for language in ("bash", "python"):
        assert blocks(BOTH[0], language) == blocks(BOTH[1], language)


def test_every_protocol_has_its_row_with_its_key_class(guide):
    """saas-v2 §1.3."""
    rows = re.findall(r"^\| (`.+?`) \|.*\| `(\w+)` \|$", (GUIDES / guide).read_text(), re.MULTILINE)
    told = {name: key_class for names, key_class in rows for name in re.findall(r"`(\w+)`", names)}
    assert told == {name: protocol.key_class for name, protocol in registry.protocols().items()}
    assert set(PROTOCOLS) == set(told)


def test_code_creates_a_seller(guide, tmp_path, monkeypatch):
    """openapi-jointkit §A.0: one address for the base interfaces and the kit interfaces of a product."""
    monkeypatch.chdir(tmp_path)
    for name in ("SELLER_KEY", "SELLER_KIT_KEY", "SELLER_NOTICE_KEY"):
        monkeypatch.setenv(name, name)
    (code,) = blocks(guide, "python")
    told: dict[str, object] = {}
    exec(code, told)  # the guide's own code
    assert told["seller"].prefixes() == ("", "/produceAPI/v2/")  # type: ignore[attr-defined]  # of an executed text
    assert Create in registry.protocol("saas_v2").activities
    assert Query not in registry.protocol("license_online").activities


@pytest.mark.slow
def test_project_and_keys_are_created_as_described(tmp_path: Path) -> None:
    project, keys = (block.strip() for block in blocks(BOTH[0], "bash"))
    path = path_with_tradepost(tmp_path / "my-shop")
    made = run("bash", "-c", project, cwd=tmp_path, PATH=path)
    assert made.returncode == 0, made.stderr
    names = [line.partition("=")[0] for line in (tmp_path / "my-shop/.env").read_text().splitlines() if "=" in line]
    assert names[:4] == ["SELLER_KEY", "SELLER_KIT_KEY", "SELLER_NOTICE_KEY", "SELLER_PRIVATE_KEY"]
    said = run("bash", "-c", keys, cwd=tmp_path, PATH=path)
    assert said.returncode == 0, said.stderr
    secret = encrypt("the client secret", (tmp_path / "public-key.pem").read_text())
    assert decrypt(secret, said.stdout.strip()) == "the client secret"
    again = run("bash", "-c", keys, cwd=tmp_path, PATH=path)
    assert (again.returncode, again.stdout) == (1, "")
    assert "cannot be written to public-key.pem: File exists" in again.stderr
