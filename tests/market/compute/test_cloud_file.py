"""The cloud file: its accepted content, and changes while a market runs."""

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

VALID = """
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


def write_file(folder: Path, text: str, *, at: int = 1) -> Path:
    path = folder / "cloud.toml"
    path.write_text(text, encoding="utf-8")
    os.utime(path, ns=(at, at))
    return path


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (VALID.replace('region = "r1"\n', ""), "region"),
        (VALID.replace("disk_gb = 40", "disk_gb = 0"), "disk_gb"),
        (VALID.replace("flavour", "flavor"), "flavor"),
        (VALID.replace('code = "s1"', "code = 1"), "code"),
        (VALID.replace("[[sizes]]", "[[plans]]"), "plans"),
        (f"observe_seconds = 1\n{VALID}", "observe_seconds"),
        (
            VALID + '[[sizes]]\ncode = "s1"\nflavour = "g"\ndisk_gb = 1\ntitle = { en = "a", zh = "b" }\n',
            "same size code",
        ),
        ("region = ", "cloud.toml"),
        ('region = "r"\ntitle = { en = "a", zh = "b" }\nsizes = []\n', "no \\[\\[sizes\\]\\]"),
    ],
)
def test_invalid_file_is_refused_with_the_place_of_its_error(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read(write_file(tmp_path, text))


def test_missing_file_is_explained(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="cannot be read"):
        read(tmp_path / "none.toml")


def test_valid_change_applies_at_once_and_an_invalid_one_is_ignored(tmp_path: Path) -> None:
    file = LiveFile(Setup(path=write_file(tmp_path, VALID), outbound=SANDBOX))
    image = SystemImage(reference="asset:2")
    with pytest.raises(CloudError, match="asset:2"):
        file.now.image(image)
    write_file(tmp_path, f'{VALID}"asset:2" = "img-2"\n', at=2)
    assert file.now.image(image) == "img-2"
    write_file(tmp_path, "region = ", at=3)
    assert file.now.image(image) == "img-2"
    write_file(tmp_path, VALID, at=4)
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
def test_keys_of_the_environment_override_those_of_the_file(
    tmp_path: Path, setting: tuple[str, str], file: str, keys: tuple[str, str]
) -> None:
    path = write_file(tmp_path, VALID + file)
    assert LiveFile(Setup(path=path, outbound=SANDBOX, access_key=setting[0], secret_key=setting[1])).keys == keys


def test_cloud_without_keys_is_not_called(tmp_path: Path) -> None:
    with pytest.raises(CloudError) as error:
        _ = LiveFile(Setup(path=write_file(tmp_path, VALID), outbound=SANDBOX)).keys
    assert error.value.fault is Fault.CREDENTIALS


def test_missing_file_names_its_setting() -> None:
    registry.cloud.cache_clear()
    with pytest.raises(LookupError, match="TRADEPOST_COMPUTE_FILE"):
        registry.cloud("ec2")


@pytest.mark.parametrize("name", ["nimbus", "nowhere.at.all:CLOUD", "tests.factories.images:NONE"])
def test_unknown_cloud_is_named(name: str) -> None:
    with pytest.raises(LookupError, match=name):
        registry.cloud(name)


@pytest.mark.parametrize(
    ("name", "package"), [("ec2", "boto3"), ("openstack", "openstack"), ("huaweicloud", "huaweicloudsdkecs")]
)
def test_missing_extra_says_what_to_install(name: str, package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda wanted: None if wanted == package else object())
    with pytest.raises(LookupError, match=re.escape(f"{package} is missing. Install tradepost[market,{name}]")):
        registry.cloud(name)


def test_no_secret_is_in_the_text_of_a_value(tmp_path: Path) -> None:
    """Local variables may appear in logs and tracebacks."""
    keys = '[credentials]\naccess_key = "c"\nsecret_key = "hidden-1"\nuser = "u"\npassword = "hidden-2"\n'
    path = write_file(tmp_path, VALID + keys)
    setup = Setup(path=path, outbound=SANDBOX, access_key="a", secret_key="hidden-3")
    for value in (read(path), read(path).credentials, setup):
        assert "hidden" not in f"{value} {value!r}"
    assert read(path).credentials.password == "hidden-2"
