"""Addresses of balances, transfers and unmatched money: a part of ``every_address``."""

from __future__ import annotations

from tests.market.who_may import BUYER, OPERATOR, PERSONS, Address, pages

ONLY_OPERATORS = frozenset({OPERATOR})
ONLY_BUYER = frozenset({BUYER})
ARRIVAL = {"amount": "5", "payer": "", "words": "", "note": "", "confirmed": "1"}
CORRECTION = {"way": "reverse", "amount": "", "whose": "", "reason": "never came", "seen": "0", "confirmed": "1"}
PAYEE = {"amount": "1", "holder": "Lantian", "bank": "ICBC", "branch": "", "account": "6225880123456789"}
OF_WITHDRAWAL = {"pk": "{withdrawal_key}"}

OF_TRANSFERS = {
    "balance/": pages(PERSONS),
    "balance/balance.csv": pages(PERSONS),
    "balance/top-up/": Address(get=PERSONS, post=PERSONS, data={"amount": "100"}),
    "balance/withdraw/": Address(get=PERSONS, post=PERSONS, data=PAYEE),
    "balance/withdrawals/": pages(PERSONS),
    "balance/withdrawals/<str:number>/": pages(ONLY_BUYER, number="{withdrawal}"),
    "balance/withdrawals/<str:number>/withdraw/": Address({"number": "{withdrawal}"}, post=ONLY_BUYER),
    "balance/transfers/": pages(PERSONS),
    "balance/transfers/<str:number>/": pages(ONLY_BUYER, number="{transfer}"),
    # Sent without a file: refused with an explanation; for other users it does not exist.
    "balance/transfers/<str:number>/proof/": Address({"number": "{transfer}"}, post=ONLY_BUYER),
    "balance/transfers/<str:number>/withdraw/": Address({"number": "{transfer}"}, post=ONLY_BUYER),
    "console/ledger/": pages(ONLY_OPERATORS),
    "console/ledger/sellers/": pages(ONLY_OPERATORS),
    "console/ledger/corrections/": pages(ONLY_OPERATORS),
    "console/ledger/debts/": pages(ONLY_OPERATORS),
    "console/ledger/bookings/<int:pk>/": pages(ONLY_OPERATORS, pk="{booking}"),
    "console/ledger/bookings/<int:pk>/correct/": Address({"pk": "{booking}"}, post=ONLY_OPERATORS, data=CORRECTION),
    "console/withdrawals/": pages(ONLY_OPERATORS),
    "console/withdrawals/<int:pk>/": pages(ONLY_OPERATORS, **OF_WITHDRAWAL),
    "console/withdrawals/<int:pk>/approve/": Address(OF_WITHDRAWAL, post=ONLY_OPERATORS),
    "console/withdrawals/<int:pk>/reject/": Address(
        OF_WITHDRAWAL, post=ONLY_OPERATORS, data={"reason": "wrong account"}
    ),
    # It is not approved yet, so there is no number to show.
    "console/withdrawals/<int:pk>/account/": Address(OF_WITHDRAWAL),
    "console/withdrawals/<int:pk>/pay/": Address(OF_WITHDRAWAL, post=ONLY_OPERATORS, data={"bank_number": "B-PAID"}),
    "console/withdrawals/<int:pk>/return/": Address(OF_WITHDRAWAL, post=ONLY_OPERATORS, data={"reason": "closed"}),
    "console/approvals/": pages(ONLY_OPERATORS),
    "console/approvals/limit/": Address(
        get=ONLY_OPERATORS, post=ONLY_OPERATORS, data={"amount": "20000", "reason": "larger orders"}
    ),
    "console/approvals/<int:pk>/": pages(ONLY_OPERATORS, pk="{approval}"),
    "console/approvals/<int:pk>/approve/": Address({"pk": "{approval}"}, post=ONLY_OPERATORS),
    "console/approvals/<int:pk>/reject/": Address({"pk": "{approval}"}, post=ONLY_OPERATORS, data={"opinion": "no"}),
    "console/approvals/<int:pk>/withdraw/": Address({"pk": "{approval}"}, post=ONLY_OPERATORS),
    "console/transfers/": pages(ONLY_OPERATORS),
    "console/transfers/<int:pk>/": pages(ONLY_OPERATORS, pk="{intent}"),
    "console/transfers/<int:pk>/confirm/": Address(
        {"pk": "{intent}"}, post=ONLY_OPERATORS, data={**ARRIVAL, "bank_number": "B-CONFIRM"}
    ),
    "console/transfers/<int:pk>/reject/": Address(
        {"pk": "{shown_intent}"}, post=ONLY_OPERATORS, data={"opinion": "not there"}
    ),
    "console/unmatched/": pages(ONLY_OPERATORS),
    "console/unmatched/record/": Address(post=ONLY_OPERATORS, data={**ARRIVAL, "bank_number": "B-RECORD"}),
    "console/unmatched/<int:pk>/": pages(ONLY_OPERATORS, pk="{unmatched}"),
    "console/unmatched/<int:pk>/assign/": Address(
        {"pk": "{unmatched}"}, post=ONLY_OPERATORS, data={"whose": "{email}", "note": "said so", "confirmed": "1"}
    ),
    "console/unmatched/<int:pk>/came-back/": Address(
        {"pk": "{unmatched}"}, post=ONLY_OPERATORS, data={"how": "closed"}
    ),
    "console/unmatched/<int:pk>/send-back/": Address(
        {"pk": "{unmatched}"}, post=ONLY_OPERATORS, data={"how": "B-BACK"}
    ),
}
MORE_OF_TRANSFERS = {
    "console/ledger/": (
        "q={order}", "reason=top_up", "reason=refund", "account=1", "account=2", "account=3", "kind=buyer&currency=CNY",
        "kind=seller&currency=CNY", "kind=seller&currency=CNY&after=100",
    ),
    "console/withdrawals/": ("status=", "status=paid"),
    "console/approvals/": ("status=", "status=approved"),
    "balance/": ("kind=payment", "kind=top_up", "kind=refund", "from=2020-01-01&to=2020-01-02", "kind=top_up&from=2026-01-01"),
    "balance/balance.csv": ("kind=refund",),
    "balance/transfers/": ("status=expired", "status=succeeded", "after={intent}"),
    "console/transfers/": ("status=", "status=pending", "status=succeeded", "q={transfer}"),
    "console/unmatched/": ("status=", "status=matched", "status=returned"),
}  # fmt: skip
"""Other queries of these lists."""
