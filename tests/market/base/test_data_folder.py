"""The folder of the embedded database and the secret key is its owner's alone."""

from __future__ import annotations

import stat
from pathlib import Path

from pydantic import SecretStr

from tradepost.market.base.config import Config


def test_a_data_folder_that_the_market_makes_is_closed_to_others(tmp_path: Path) -> None:
    data = tmp_path / "new" / "data"
    Config(data=data, secret_key=SecretStr("")).secrets()
    assert stat.S_IMODE(data.stat().st_mode) == 0o700
    assert stat.S_IMODE((data / "secret.key").stat().st_mode) == 0o600


def test_one_that_was_there_keeps_its_mode(tmp_path: Path) -> None:
    tmp_path.chmod(0o750)
    Config(data=tmp_path, secret_key=SecretStr("")).secrets()
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o750
