"""Settings have flat names in the environment and belong to a context in the code; decision 0112."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from pydantic import ValidationError

from tests.configured import changed, configured
from tradepost.cli.opening import read_config
from tradepost.market.base.config import Config
from tradepost.market.base.errors import Refused
from tradepost.market.base.settings.settlement import SettlementSettings


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_settings_are_read_from_flat_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRADEPOST_FEE_SHARE", "0.9")
    monkeypatch.setenv("tradepost_currency", "EUR")
    settings = Config()
    assert (settings.settlement.fee_share, settings.currency) == (Decimal("0.9"), "EUR")
    assert settings.settlement.model_fields_set == {"fee_share"}
    assert settings.settlement.settlement_day == SettlementSettings().settlement_day


def test_environment_overrides_the_file_and_unknown_names_are_ignored(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / ".env").write_text("TRADEPOST_FEE_SHARE=0.8\nTRADEPOST_SETTLEMENT_DAY=5\nTRADEPOST_NO_SUCH=1\nOTHER=1\n")
    monkeypatch.setenv("TRADEPOST_FEE_SHARE", "0.9")
    monkeypatch.setenv("TRADEPOST_SETTLEMENT", "{}")
    settlement = Config().settlement
    assert (settlement.fee_share, settlement.settlement_day) == (Decimal("0.9"), 5)


@pytest.mark.parametrize("name", ["CLAMD_URL", "TRADEPOST_CLAMD_URL"])
def test_setting_with_two_names_is_read_from_either(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "tcp://127.0.0.1:3310")
    assert Config().assets.clamd_url == "tcp://127.0.0.1:3310"


def test_errors_of_several_contexts_are_reported_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRADEPOST_FEE_SHARE", "2")
    monkeypatch.setenv("TRADEPOST_PROBE_TRIES", "0")
    monkeypatch.setenv("TRADEPOST_BANK_ACCOUNTS", '[{"currency": "CNY"}]')
    monkeypatch.setenv("PORT", "0")
    with pytest.raises(Refused) as refusal:
        read_config()
    for setting_name in (
        "TRADEPOST_FEE_SHARE: ",
        "TRADEPOST_PROBE_TRIES: ",
        "TRADEPOST_PORT: ",
        "TRADEPOST_BANK_ACCOUNTS (0.holder): ",
    ):
        assert setting_name in refusal.value.message


def test_settings_are_immutable() -> None:
    settings = Config()
    with pytest.raises(ValidationError, match="frozen"):
        settings.port = 1
    with pytest.raises(ValidationError, match="frozen"):
        settings.settlement.fee_share = Decimal(1)


def test_setting_is_found_by_its_name_alone() -> None:
    assert Config().named("settlement_day") == 3
    assert Config().named("currency") == "CNY"
    with pytest.raises(LookupError):
        Config().named("settlement")


def test_sandbox_cloud_is_refused_in_a_real_market() -> None:
    with pytest.raises(ValidationError, match="starts no servers in a real market"):
        configured(sandbox=False, compute_adapter="memory")
    assert configured(sandbox=True).cloud_name == "memory"
    assert configured(sandbox=False).cloud_name == ""


def test_unknown_setting_cannot_be_overridden() -> None:
    with pytest.raises(KeyError):
        configured(fee_shares="1")
    with pytest.raises(KeyError):
        changed(Config(), fee_shares="1")
