"""Doctor checks of the bank accounts for transfers of buyers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from tradepost.cli.findings import Finding, fail, ok, warn
from tradepost.market.base.config import Config
from tradepost.market.base.settings.payments import account_for

AREA = "bank account"


def check_bank_account(config: Config) -> Iterator[Finding]:
    """Check that buyers have an account for transfers in the market's currency."""
    twice = sorted(
        c for c, n in Counter(bank_account.currency for bank_account in config.payments.bank_accounts).items() if n > 1
    )
    if twice:
        message = f"TRADEPOST_BANK_ACCOUNTS has several accounts in {', '.join(twice)}; buyers see the first."
        yield fail(AREA, message, "Leave one account a currency.")
    account = account_for(config.currency, config.payments.bank_accounts, sandbox=config.sandbox)
    if account is None:
        message = f"None is set in {config.currency}: buyers cannot announce transfers, and operators enter every top-up by hand."
        remedy = 'Set TRADEPOST_BANK_ACCOUNTS to [{"currency": …, "holder": …, "bank": …, "number": …}].'
        yield warn(AREA, message, remedy)
    elif not config.payments.bank_accounts:
        yield ok(AREA, f"The sandbox's own, for trying; nobody transfers real money to {account.number}.")
    else:
        yield ok(AREA, f"{config.currency}: {account.bank}, ending in {account.number[-4:]}.")
