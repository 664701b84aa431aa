"""Issue 8, 8: an existing data folder of mode 0755 left sessions, mails and hashes readable."""

from __future__ import annotations

import os
import shutil
import stat
import sys
from pathlib import Path

import pytest
from pydantic import SecretStr

from tests.cli.command_line import Market
from tests.configured import configured
from tradepost.cli import diagnosis
from tradepost.cli.findings import Level
from tradepost.cli.opening import make_folder
from tradepost.cli.private_files import close_to_others, open_to_others
from tradepost.cli.template import EMPTY_DATABASE
from tradepost.market.base.config import Config
from tradepost.market.base.errors import Refused

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="modes of POSIX")
FILES = ("tradepost.sqlite3", "tradepost.sqlite3-wal", "secret.key", "demo.json")
FOLDERS = ("mail", "sms", "logs", "seller")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def config(data: Path, **settings: object) -> Config:
    return configured(data=data, secret_key=SecretStr("x" * 40), **settings)


@pytest.fixture
def wide(tmp_path: Path) -> Path:
    """Return a data folder as an earlier version, or a person's ``mkdir``, left it."""
    data = tmp_path / "data"
    data.mkdir(mode=0o755)
    data.chmod(0o755)
    for name in FILES:
        (data / name).touch()
        (data / name).chmod(0o644)
    for name in FOLDERS:
        (data / name).mkdir()
        (data / name).chmod(0o755)
    return data


def test_own_files_are_made_private_when_a_command_starts(wide: Path) -> None:
    make_folder(config(wide))
    assert mode(wide) == 0o700
    assert {mode(wide / name) for name in FILES} == {0o600}
    assert {mode(wide / name) for name in FOLDERS} == {0o700}


def test_other_files_and_the_parent_folder_are_left_alone(wide: Path) -> None:
    (wide / "report.pdf").touch()
    (wide / "report.pdf").chmod(0o644)
    elsewhere = wide.parent / "key"
    elsewhere.touch()
    elsewhere.chmod(0o644)
    (wide / "secret.key").unlink()
    (wide / "secret.key").symlink_to(elsewhere)
    close_to_others(wide)
    assert [mode(path) for path in (wide, wide / "report.pdf", elsewhere)] == [0o755, 0o644, 0o644]
    assert mode(wide / "tradepost.sqlite3") == 0o600
    assert list(open_to_others(wide)) == []


def test_files_that_cannot_be_made_private_are_refused_with_a_message(
    wide: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def foreign(_path: Path, _mode: int) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "chmod", foreign)
    with pytest.raises(Refused, match="chmod go-rwx"):
        make_folder(config(wide))


def test_world_writable_folder_is_refused(tmp_path: Path) -> None:
    """Others could put their own key or database there. In a folder like /tmp, users can only change their own files."""
    (tmp_path / "notes").touch()
    tmp_path.chmod(0o777)
    with pytest.raises(Refused, match="Everybody on this machine may put files into"):
        make_folder(config(tmp_path))
    tmp_path.chmod(0o1777)
    make_folder(config(tmp_path))
    assert mode(tmp_path) == 0o1777


@pytest.mark.slow
def test_command_creates_private_files_whatever_the_umask(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    data.chmod(0o755)
    shutil.copy(EMPTY_DATABASE, data / "tradepost.sqlite3")  # so that few migrations remain
    before = os.umask(0o022)
    try:
        done = Market(tmp_path).run("migrate", TRADEPOST_DATA=str(data), DATABASE_URL="")
    finally:
        os.umask(before)
    assert done.returncode == 0, done.stderr
    assert mode(data) == 0o700
    assert {path.name: oct(mode(path)) for path in data.iterdir() if mode(path) & 0o077} == {}


def test_doctor_reports_files_readable_by_others(wide: Path) -> None:
    found = list(diagnosis.check_data_folder(config(wide)))
    assert {finding.level for finding in found} == {Level.FAIL}
    assert f"{wide} can be read by other users of this machine (mode 0755)" in found[0].said
    assert f"chmod go-rwx {wide / 'mail'}" in " ".join(finding.todo for finding in found)
    close_to_others(wide)
    assert [finding.level for finding in diagnosis.check_data_folder(config(wide))] == [Level.OK]
    assert [finding.level for finding in diagnosis.check_data_folder(config(wide / "none"))] == [Level.OK]


@pytest.mark.parametrize(
    ("settings", "warned"),
    [
        ({}, []),
        ({"allowed_hosts": ("*",)}, ["allowed hosts"]),
        ({"trusted_proxies": "10.0.0.0/24"}, []),
        ({"trusted_proxies": "127.0.0.0/8, 10.0.0.0/8"}, ["trusted proxies"]),
        ({"host": "0.0.0.0"}, ["open port"]),
        ({"host": "::"}, ["open port"]),
        ({"host": "10.0.0.7", "allowed_hosts": ("*",)}, ["allowed hosts", "open port"]),
        ({"host": "0.0.0.0", "public_url": "http://10.0.0.7:8000", "sandbox": True}, []),
    ],
)
def test_doctor_warns_of_ports_open_beside_the_proxy(
    tmp_path: Path, settings: dict[str, object], warned: list[str]
) -> None:
    real = {"public_url": "https://market.example.com", "sandbox": False, **settings}
    found = diagnosis.check_public_url(config(tmp_path, **real))
    assert [finding.area for finding in found if finding.level is Level.WARN] == warned
