"""Settings of how buyers bring money into the market; a part of ``Config``. The sources are silent about them, so each has a
value of ours."""

from __future__ import annotations

import json
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, field_validator
from pydantic_settings import BaseSettings, NoDecode


class BankAccount(BaseModel):
    """An account of the market at a bank, as a buyer needs it for a transfer. ``…_en``: for readers of English, where it has
    other words there."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    currency: str = Field(min_length=3, max_length=3)
    holder: str = Field(min_length=1, max_length=200, description="Whose account it is, exactly as the bank has it.")
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
        currency="CNY", holder="商埠演示云市场有限公司", holder_en="Tradepost Demo Market Co., Ltd.", bank="演示银行",
        bank_en="Demo Bank", number="6200 0000 0000 0017", branch="深圳科技园支行", branch_en="Shenzhen Hi-Tech Park branch",
        code="000584000000", note="沙箱账户，请勿真实转账。", note_en="An account of the sandbox: transfer no real money.",
    ),
)  # fmt: skip
"""Where nothing is set and nobody transfers real money."""


class PaymentSettings(BaseSettings):
    """See ``config``."""

    quote_minutes: int = Field(
        default=60, ge=1, description="How long a price that was shown at checkout holds; after that it is asked again."
    )
    bank_accounts: Annotated[tuple[BankAccount, ...], NoDecode] = Field(
        default=(),
        description="The market's bank accounts as a JSON list, one a currency: currency, holder, bank, number, and where "
        "wanted branch, code (CNAPS or SWIFT), note; holder_en, bank_en, branch_en and note_en for English. Empty: a sandbox "
        "has one for trying, elsewhere buyers cannot announce transfers.",
    )
    transfer_days: int = Field(
        default=7,
        ge=1,
        le=90,
        description="So many days an announced transfer is waited for; a proof may still come later.",
    )
    transfer_minimum: int = Field(
        default=1, ge=1, description="Least that is topped up by transfer, in main units of the currency."
    )
    transfer_maximum: int = Field(
        default=5_000_000, ge=1, description="Most that is topped up by one transfer, in main units of the currency."
    )
    transfers_open: int = Field(
        default=20, ge=1, description="Announced transfers that one buyer may have open at a time."
    )
    transfers_a_day: int = Field(default=30, ge=1, description="Transfers that one buyer may announce in 24 hours.")
    transfer_check_workdays: int = Field(
        default=2, ge=1, le=60, description="Working days within which operators look at the proof of a transfer."
    )
    transfer_order_days: int = Field(
        default=14,
        ge=0,
        le=90,
        description="A new order for which the proof of a transfer was shown can be paid until a day after the operator should "
        "have looked at it, at most so many days after it was placed; 0: no longer than any other.",
    )
    balance_export_rows: int = Field(
        default=10_000, ge=1, le=100_000, description="Most entries in one file of a buyer's balance."
    )

    @field_validator("bank_accounts", mode="before")
    @classmethod
    def _from_json(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value) if value.strip() else ()
        except ValueError as wrong:
            raise ValueError(f"is no JSON list: {wrong}") from None


def account_for(currency: str, accounts: tuple[BankAccount, ...], *, sandbox: bool) -> BankAccount | None:
    """Where a transfer in this currency goes to; None where no account is set for it."""
    known = accounts or (SANDBOX_ACCOUNTS if sandbox else ())
    return next((account for account in known if account.currency == currency), None)
