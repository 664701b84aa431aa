"""Addresses of settlement: a part of ``every_address``."""

from __future__ import annotations

from tests.market.who_may import A_TRADE, OPERATOR, OWNER, TRADE, TRADER, Address, pages

ONLY_OPERATORS = frozenset({OPERATOR})
WRITERS = frozenset({OWNER, TRADER})
APPLICANTS = TRADE - {"viewer of A"}
ANY = {"pk": "{statement}"}
PAYING = {"pk": "{paying_statement}"}
REPAYMENT = {"number": "{repayment}"}
FEE_INVOICE = {"pk": "{fee_invoice}"}

FEE = {"name": "Partners", "seller": "", "kind": "", "share": "97", "starts": "2099-01"}
OF_SETTLEMENT = {
    "console/fees/": pages(frozenset({OPERATOR})),
    "console/fees/new/": Address(get=frozenset({OPERATOR}), post=frozenset({OPERATOR}), data=FEE),
    "console/fees/<int:pk>/end/": Address({"pk": "{fee_rule}"}, post=frozenset({OPERATOR})),
    "console/fees/<int:pk>/delete/": Address({"pk": "{fee_rule}"}, post=frozenset({OPERATOR})),
    "seller/settlements/": pages(TRADE),
    "seller/settlements/open/": pages(TRADE),
    "seller/settlements/repay/": Address(get=APPLICANTS, post=APPLICANTS, data={"amount": "1"}),
    "seller/settlements/repayments/": pages(TRADE),
    "seller/settlements/repayments/<str:number>/": pages(A_TRADE, number="{repayment}"),
    # Sent without a file: refused with an explanation; for other users it does not exist.
    "seller/settlements/repayments/<str:number>/proof/": Address(REPAYMENT, post=WRITERS),
    "seller/settlements/repayments/<str:number>/withdraw/": Address(REPAYMENT, post=WRITERS),
    "seller/settlements/<int:pk>/": pages(A_TRADE, pk="{statement}"),
    "seller/settlements/<int:pk>/sign/": Address(ANY, post=frozenset({OWNER})),
    "seller/settlements/<int:pk>/reject/": Address(
        ANY, post=frozenset({OWNER}), data={"reason": "An order is missing."}
    ),
    "seller/settlements/<int:pk>/export/<slug:kind>/": pages(A_TRADE, pk="{statement}", kind="csv"),
    "seller/settlements/invoices/": pages(TRADE),
    "seller/settlements/invoices/apply/": Address({}, get=APPLICANTS, post=APPLICANTS, data={"statement": "JS0000"}),
    "seller/settlements/invoices/<int:pk>/": pages(A_TRADE, pk="{fee_invoice}"),
    "seller/settlements/invoices/<int:pk>/cancel/": Address(FEE_INVOICE, post=WRITERS),
    "seller/settlements/invoices/<int:pk>/ask/": Address(
        FEE_INVOICE, post=WRITERS, data={"wish": "return", "wish_reason": "why"}
    ),
    "seller/settlements/invoices/<int:pk>/file/": Address(FEE_INVOICE),  # no invoice is issued
    "console/settlements/": pages(ONLY_OPERATORS),
    "console/settlements/<int:pk>/": pages(ONLY_OPERATORS, pk="{statement}"),
    "console/settlements/<int:pk>/reissue/": Address(ANY, post=ONLY_OPERATORS, data={"answer": "It is right."}),
    "console/settlements/<int:pk>/again/": Address(PAYING, post=ONLY_OPERATORS),
    "console/settlements/<int:pk>/account/": Address(PAYING, post=ONLY_OPERATORS),
    "console/settlements/<int:pk>/wrong/": Address(PAYING, post=ONLY_OPERATORS, data={"reason": "No such account."}),
    "console/settlements/<int:pk>/refuse/": Address(PAYING, post=ONLY_OPERATORS, data={"reason": "Not now."}),
    "console/settlements/<int:pk>/pay/": Address(PAYING, post=ONLY_OPERATORS, data={"bank_number": "x"}),
    "console/settlements/<int:pk>/export/<slug:kind>/": pages(ONLY_OPERATORS, pk="{statement}", kind="xlsx"),
    "console/invoices/<int:pk>/review/": Address(
        FEE_INVOICE, post=ONLY_OPERATORS, data={"answer": "refuse", "reason": "no"}
    ),
    "console/invoices/<int:pk>/issue/": Address(FEE_INVOICE, post=ONLY_OPERATORS, data={"number": "1"}),
    "console/invoices/<int:pk>/correct/": Address(FEE_INVOICE, post=ONLY_OPERATORS, data={"number": "1"}),
    "console/invoices/<int:pk>/take-back/": Address(
        FEE_INVOICE, post=ONLY_OPERATORS, data={"red_letter": "RL-0001", "reason": "why"}
    ),
    "console/invoices/<int:pk>/decline/": Address(FEE_INVOICE, post=ONLY_OPERATORS, data={"reason": "why"}),
    "console/invoices/<int:pk>/file/": Address(FEE_INVOICE),  # no invoice is issued
    "console/sellers/<int:pk>/self-operated/": Address({"pk": "{seller}"}, post=ONLY_OPERATORS, data={"on": "no"}),
}
