"""Tests of personal data search all files, so each test has its own files folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from tradepost.market.base.config import Config, config


@pytest.fixture(autouse=True)
def files(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    if request.path.name == "test_dump.py":  # the module's market is created once, with its files
        return config().files
    monkeypatch.setattr(Config, "files", tmp_path)
    return tmp_path
