"""The cloud file: what it may say, and what happens when it changes under a running market."""

from __future__ import annotations

import importlib.util
import os
import re
from pathlib import Path

import pytest

from tradepost.market.base.outbound_policy import SANDBOX
from tradepost.market.compute import registry
from tradepost.market.compute.cloud_file import LiveFile, Setup, read
from tradepost.market.compute.contract import CloudError, Fault, SystemImage

GOOD = """
region = "r1"
title = { en = "Cloud", zh = "云" }
[[sizes]]
code = "s1"
flavour = "f"
disk_gb = 40
title = { en = "Small", zh = "小型" }
[imported]
"asset:1" = "img-1"
"""


def written(folder: Path, text: str, *, at: int = 1) -> Path:
    path = folder / "cloud.toml"
    path.write_text(text, encoding="utf-8")
    os.utime(path, ns=(at, at))
    return path


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (GOOD.replace('region = "r1"\n', ""), "region"),
        (GOOD.replace("disk_gb = 40", "disk_gb = 0"), "disk_gb"),
        (GOOD.replace("flavour", "flavor"), "flavor"),
        (GOOD.replace('code = "s1"', "code = 1"), "code"),
        (GOOD.replace("[[sizes]]", "[[plans]]"), "plans"),
        (f"observe_seconds = 1\n{GOOD}", "observe_seconds"),
        (
            GOOD + '[[sizes]]\ncode = "s1"\nflavour = "g"\ndisk_gb = 1\ntitle = { en = "a", zh = "b" }\n',
            "same size code",
        ),
        ("region = ", "cloud.toml"),
        ('region = "r"\ntitle = { en = "a", zh = "b" }\nsizes = []\n', "no \\[\\[sizes\\]\\]"),
    ],
)
def test_a_wrong_file_is_refused_with_the_place_of_its_fault(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        read(written(tmp_path, text))


def test_a_missing_file_is_explained(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="cannot be read"):
        read(tmp_path / "none.toml")


def test_a_change_counts_at_once_and_a_broken_change_does_not(tmp_path: Path) -> None:
    file = LiveFile(Setup(path=written(tmp_path, GOOD), outbound=SANDBOX))
    image = SystemImage(reference="asset:2")
    with pytest.raises(CloudError, match="asset:2"):
        file.now.image(image)
    written(tmp_path, f'{GOOD}"asset:2" = "img-2"\n', at=2)
    assert file.now.image(image) == "img-2"
    written(tmp_path, "region = ", at=3)
    assert file.now.image(image) == "img-2"
    written(tmp_path, GOOD, at=4)
    with pytest.raises(CloudError, match="asset:2"):
        file.now.image(image)


@pytest.mark.parametrize(
    ("setting", "file", "keys"),
    [
        (("a", "b"), "", ("a", "b")),
        (("", ""), '[credentials]\naccess_key = "c"\nsecret_key = "d"\n', ("c", "d")),
        (("a", "b"), '[credentials]\naccess_key = "c"\nsecret_key = "d"\n', ("a", "b")),
    ],
)
def test_keys_of_the_environment_replace_those_of_the_file(
    tmp_path: Path, setting: tuple[str, str], file: str, keys: tuple[str, str]
) -> None:
    path = written(tmp_path, GOOD + file)
    assert LiveFile(Setup(path=path, outbound=SANDBOX, access_key=setting[0], secret_key=setting[1])).keys == keys


def test_without_keys_the_cloud_is_not_asked(tmp_path: Path) -> None:
    with pytest.raises(CloudError) as refused:
        _ = LiveFile(Setup(path=written(tmp_path, GOOD), outbound=SANDBOX)).keys
    assert refused.value.fault is Fault.CREDENTIALS


def test_a_cloud_without_its_file_says_which_setting_is_missing() -> None:
    registry.cloud.cache_clear()
    with pytest.raises(LookupError, match="TRADEPOST_COMPUTE_FILE"):
        registry.cloud("ec2")


@pytest.mark.parametrize("name", ["nimbus", "nowhere.at.all:CLOUD", "tests.factories.images:NONE"])
def test_an_unknown_cloud_is_named(name: str) -> None:
    with pytest.raises(LookupError, match=name):
        registry.cloud(name)


@pytest.mark.parametrize(
    ("name", "package"), [("ec2", "boto3"), ("openstack", "openstack"), ("huaweicloud", "huaweicloudsdkecs")]
)
def test_an_adapter_whose_extra_is_missing_says_what_to_install(
    name: str, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda wanted: None if wanted == package else object())
    with pytest.raises(LookupError, match=re.escape(f"{package} is missing. Install tradepost[market,{name}]")):
        registry.cloud(name)


def test_no_secret_is_in_the_text_of_a_value(tmp_path: Path) -> None:
    """Values of local variables may come into logs and tracebacks."""
    keys = '[credentials]\naccess_key = "c"\nsecret_key = "hidden-1"\nuser = "u"\npassword = "hidden-2"\n'
    path = written(tmp_path, GOOD + keys)
    setup = Setup(path=path, outbound=SANDBOX, access_key="a", secret_key="hidden-3")
    for shown in (read(path), read(path).credentials, setup):
        assert "hidden" not in f"{shown} {shown!r}"
    assert read(path).credentials.password == "hidden-2"
