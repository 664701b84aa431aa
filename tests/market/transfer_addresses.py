"""The addresses of balances, transfers and unmatched money: a part of the table of every address."""

from __future__ import annotations

from tests.market.who_may import BUYER, OPERATOR, PERSONS, Address, pages

ONLY_OPERATORS = frozenset({OPERATOR})
ONLY_BUYER = frozenset({BUYER})
ARRIVAL = {"amount": "5", "payer": "", "words": "", "note": "", "confirmed": "1"}

OF_TRANSFERS = {
    "balance/": pages(PERSONS),
    "balance/balance.csv": pages(PERSONS),
    "balance/top-up/": Address(get=PERSONS, post=PERSONS, data={"amount": "100"}),
    "balance/transfers/": pages(PERSONS),
    "balance/transfers/<str:number>/": pages(ONLY_BUYER, number="{transfer}"),
    # No file comes with it: refused in words, and for nobody else is it there at all.
    "balance/transfers/<str:number>/proof/": Address({"number": "{transfer}"}, post=ONLY_BUYER),
    "balance/transfers/<str:number>/withdraw/": Address({"number": "{transfer}"}, post=ONLY_BUYER),
    "console/ledger/": pages(ONLY_OPERATORS),
    "console/ledger/sellers/": pages(ONLY_OPERATORS),
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
    "console/unmatched/<int:pk>/send-back/": Address(
        {"pk": "{unmatched}"}, post=ONLY_OPERATORS, data={"how": "B-BACK"}
    ),
}
MORE_OF_TRANSFERS = {
    "console/ledger/": (
        "q={order}", "reason=top_up", "reason=refund", "account=1", "account=2", "account=3", "kind=buyer&currency=CNY",
        "kind=seller&currency=CNY", "kind=seller&currency=CNY&after=100",
    ),
    "balance/": ("kind=payment", "kind=top_up", "kind=refund", "from=2020-01-01&to=2020-01-02", "kind=top_up&from=2026-01-01"),
    "balance/balance.csv": ("kind=refund",),
    "balance/transfers/": ("status=expired", "status=succeeded", "after={intent}"),
    "console/transfers/": ("status=", "status=pending", "status=succeeded", "q={transfer}"),
    "console/unmatched/": ("status=", "status=matched", "status=returned"),
}  # fmt: skip
"""In which other ways these lists are asked."""
