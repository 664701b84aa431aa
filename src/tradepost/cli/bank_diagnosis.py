"""What the doctor says of the bank accounts to which buyers transfer money."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from tradepost.cli.findings import Finding, fail, ok, warn
from tradepost.market.base.config import Config
from tradepost.market.base.payment_settings import account_for

AREA = "bank account"


def check_bank_account(config: Config) -> Iterator[Finding]:
    """Whether buyers are told where to transfer money in the market's currency."""
    twice = sorted(c for c, n in Counter(one.currency for one in config.bank_accounts).items() if n > 1)
    if twice:
        said = f"TRADEPOST_BANK_ACCOUNTS has several accounts in {', '.join(twice)}; buyers see the first."
        yield fail(AREA, said, "Leave one account a currency.")
    account = account_for(config.currency, config.bank_accounts, sandbox=config.sandbox)
    if account is None:
        said = f"None is set in {config.currency}: buyers cannot announce transfers, and operators enter every top-up by hand."
        todo = 'Set TRADEPOST_BANK_ACCOUNTS to [{"currency": …, "holder": …, "bank": …, "number": …}].'
        yield warn(AREA, said, todo)
    elif not config.bank_accounts:
        yield ok(AREA, f"The sandbox's own, for trying; nobody transfers real money to {account.number}.")
    else:
        yield ok(AREA, f"{config.currency}: {account.bank}, ending in {account.number[-4:]}.")
