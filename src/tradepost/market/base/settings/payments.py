"""Settings of transfers to the market and balances. The sources give no values for them."""

from __future__ import annotations

import json

from pydantic import BaseModel, ConfigDict, Field, field_validator

from .group import Group


class BankAccount(BaseModel):
    """An account of the market at a bank, as a buyer needs it for a transfer. ``…_en``: for readers of English, where it has
    other words there."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    currency: str = Field(min_length=3, max_length=3)
    holder: str = Field(min_length=1, max_length=200, description="Name of the account holder, exactly as at the bank.")
    holder_en: str = Field(default="", max_length=200)
    bank: str = Field(min_length=1, max_length=200)
    bank_en: str = Field(default="", max_length=200)
    number: str = Field(min_length=1, max_length=64)
    branch: str = Field(default="", max_length=200)
    branch_en: str = Field(default="", max_length=200)
    code: str = Field(default="", max_length=64, description="The bank's code: CNAPS or SWIFT.")
    note: str = Field(default="", max_length=500)
    note_en: str = Field(default="", max_length=500)


SANDBOX_ACCOUNTS = (
    BankAccount(
        currency="CNY", holder="演示云市场有限公司", holder_en="Demo Cloud Market Co., Ltd.", bank="演示银行",
        bank_en="Demo Bank", number="6200 0000 0000 0017", branch="深圳科技园支行", branch_en="Shenzhen Hi-Tech Park branch",
        code="000584000000", note="沙箱账户，请勿真实转账。", note_en="An account of the sandbox: transfer no real money.",
    ),
)  # fmt: skip
"""Where nothing is set and nobody transfers real money."""


class PaymentSettings(Group):
    """See ``Config.payments``."""

    bank_accounts: tuple[BankAccount, ...] = Field(
        default=(),
        description="The market's bank accounts as a JSON list, one per currency: currency, holder, bank, number; "
        "optionally branch, code (CNAPS or SWIFT) and note; holder_en, bank_en, branch_en and note_en for "
        "English. Empty: a sandbox has a sample account; elsewhere buyers cannot announce transfers.",
    )
    transfer_days: int = Field(
        default=7,
        ge=1,
        le=90,
        description="Days for which an announced transfer stays open. The bank's receipt can still be uploaded later.",
    )
    transfer_minimum: int = Field(
        default=1, ge=1, description="Minimum top-up by bank transfer, in main units of the currency."
    )
    transfer_maximum: int = Field(
        default=5_000_000, ge=1, description="Maximum top-up by one bank transfer, in main units of the currency."
    )
    transfers_open: int = Field(default=20, ge=1, description="Maximum number of open announced transfers per buyer.")
    transfers_a_day: int = Field(
        default=30, ge=1, description="Maximum number of transfers that one buyer may announce within 24 hours."
    )
    transfer_check_workdays: int = Field(
        default=2, ge=1, le=60, description="Working days within which operators check the receipt of a transfer."
    )
    transfer_order_days: int = Field(
        default=14,
        ge=0,
        le=90,
        description="Maximum days after its placement for which an unpaid order waits for a transfer with an uploaded "
        "receipt. It can be paid until a day after the receipt should have been checked. 0: no longer "
        "than other orders.",
    )
    balance_export_rows: int = Field(
        default=10_000,
        ge=1,
        le=100_000,
        description="Maximum number of entries in one exported file of a buyer's balance.",
    )

    @field_validator("bank_accounts", mode="before")
    @classmethod
    def _from_json(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value) if value.strip() else ()
        except ValueError as error:
            raise ValueError(f"is no JSON list: {error}") from None


def account_for(currency: str, accounts: tuple[BankAccount, ...], *, sandbox: bool) -> BankAccount | None:
    """Where a transfer in this currency goes to; None where no account is set for it."""
    configured_accounts = accounts or (SANDBOX_ACCOUNTS if sandbox else ())
    return next((account for account in configured_accounts if account.currency == currency), None)
