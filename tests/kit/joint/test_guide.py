"""The guide of joint operation: its code runs, and both languages agree."""

from __future__ import annotations

import re

import pytest

from tests.kit.guides import GUIDES, blocks
from tests.kit.joint.directories import application, key_pair, tenant
from tradepost.check.diagnoses import NAMES
from tradepost.protocols.sync_commands import SyncApplication, SyncTenant

BOTH = ["joint.md", "joint.zh-CN.md"]


def test_both_languages_have_the_same_blocks_and_sections():
    assert blocks(BOTH[0], "python") == blocks(BOTH[1], "python")
    outlines = [re.findall(r"(?m)^(#+) ", (GUIDES / name).read_text(encoding="utf-8")) for name in BOTH]
    assert outlines[0] == outlines[1]
    assert all(
        "](joint." in (GUIDES / name).read_text(encoding="utf-8") for name in ("protocols.md", "protocols.zh-CN.md")
    )


@pytest.mark.parametrize("guide", BOTH)
def test_code_synchronises_and_signs_in(guide, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    settings = {"SELLER_PRIVATE_KEY": key_pair().private, "SELLER_KIT_KEY": "k" * 32, "SELLER_APP_ID": "a1"}
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    (code,) = blocks(guide, "python")
    told: dict[str, object] = {}
    exec(code, told)  # the guide's own code
    handlers = told["seller"]._handlers  # type: ignore[attr-defined]  # of an executed text
    handlers[SyncTenant](tenant())
    handlers[SyncApplication](application())
    location = told["login"].begin("t1").location  # type: ignore[attr-defined]  # the same
    assert location.startswith("https://acme.example.com/api/v1/oauth2/authorize?response_type=code&client_id=client-1")


@pytest.mark.parametrize("guide", BOTH)
def test_mistakes_that_it_names_are_those_of_the_tester(guide):
    named = set(re.findall(r"`(\w+_\w+)`", (GUIDES / guide).read_text(encoding="utf-8").rpartition("## ")[2]))
    assert (
        {"repeat_refused", "delete_needs_instance", "secret_not_decrypted", "enable_ignored"}
        <= named
        <= {*NAMES, "joint_kit_v2"}
    )
