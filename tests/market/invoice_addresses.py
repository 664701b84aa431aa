"""Addresses of invoices: a part of ``every_address``."""

from __future__ import annotations

from tests.market.who_may import A_TRADE, ANYBODY, BUYER, OPERATOR, OWNER, PERSONS, TRADE, TRADER, Address, pages

ONLY_OPERATORS = frozenset({OPERATOR})
OF_X = frozenset({BUYER})
WRITERS = frozenset({OWNER, TRADER})
BATCHES = TRADE - {"viewer of A"}
TITLE = {"kind": "person", "name": "Somebody new"}

OF_INVOICES = {
    "invoices/": pages(PERSONS),
    "invoices/apply/": Address({}, get=PERSONS, post=PERSONS, data={"seller": "1"}),
    "invoices/titles/": pages(PERSONS),
    "invoices/titles/new/": Address({}, get=PERSONS, post=PERSONS, data=TITLE),
    "invoices/titles/<int:pk>/": Address({"pk": "{invoice_title}"}, get=OF_X, post=OF_X, data=TITLE),
    "invoices/titles/<int:pk>/delete/": Address({"pk": "{invoice_title}"}, post=OF_X),
    "invoices/<int:pk>/": pages(OF_X, pk="{invoice}"),
    "invoices/<int:pk>/cancel/": Address({"pk": "{asked_invoice}"}, post=OF_X),
    "invoices/<int:pk>/ask/": Address({"pk": "{invoice}"}, post=OF_X, data={"wish": "return", "wish_reason": "why"}),
    "invoices/<int:pk>/file/": pages(OF_X, pk="{invoice}"),
    "invoices/<int:pk>/letter/": Address({"pk": "{invoice}"}, get=OF_X, post=OF_X),
    "letters/<str:code>/": pages(ANYBODY, code="{letter}"),
    "seller/invoices/": pages(TRADE),
    "seller/invoices/batch/": Address({}, get=BATCHES, post=BATCHES),
    "seller/invoices/types/": Address({}, get=TRADE, post=TRADE - {"viewer of A"}, data={"types": "general_paper"}),
    "seller/invoices/<int:pk>/": pages(A_TRADE, pk="{invoice}"),
    "seller/invoices/<int:pk>/review/": Address(
        {"pk": "{asked_invoice}"}, post=WRITERS, data={"answer": "refuse", "reason": "no"}
    ),
    "seller/invoices/<int:pk>/issue/": Address({"pk": "{asked_invoice}"}, post=WRITERS, data={"number": "1"}),
    "seller/invoices/<int:pk>/correct/": Address({"pk": "{invoice}"}, post=WRITERS, data={"number": "1"}),
    "seller/invoices/<int:pk>/take-back/": Address(
        {"pk": "{invoice}"}, post=WRITERS, data={"red_letter": "RL-0001", "reason": "why"}
    ),
    "seller/invoices/<int:pk>/decline/": Address({"pk": "{invoice}"}, post=WRITERS, data={"reason": "why"}),
    "seller/invoices/<int:pk>/file/": pages(A_TRADE, pk="{invoice}"),
    "console/invoices/": pages(ONLY_OPERATORS),
    "console/invoices/<int:pk>/": pages(ONLY_OPERATORS, pk="{invoice}"),
}
