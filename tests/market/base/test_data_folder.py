"""Only its owner can read the folder of the embedded database and the secret key."""

from __future__ import annotations

import stat
from pathlib import Path

from pydantic import SecretStr

from tradepost.market.base.config import Config


def test_created_data_folder_is_private(tmp_path: Path) -> None:
    data = tmp_path / "new" / "data"
    Config(data=data, secret_key=SecretStr("")).secrets()
    assert stat.S_IMODE(data.stat().st_mode) == 0o700
    assert stat.S_IMODE((data / "secret.key").stat().st_mode) == 0o600


def test_existing_data_folder_keeps_its_mode(tmp_path: Path) -> None:
    tmp_path.chmod(0o750)
    Config(data=tmp_path, secret_key=SecretStr("")).secrets()
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o750
