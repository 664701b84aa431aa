"""Typed factories of test data. Each calls the market's own functions and takes the fields that matter to a test as
keywords.
"""

from __future__ import annotations

from .attributes import make_attribute, make_number
from .buying import make_call, make_operation, make_order, make_refund, make_subscription
from .invoices import make_invoice, make_invoice_title, make_letter
from .people import NOW, make_address, make_buyer, make_group, make_member, make_operator, make_seller
from .pictures import make_picture, make_proof
from .products import PICTURE, make_category, make_offer, make_product

__all__ = [
    "NOW",
    "PICTURE",
    "make_address",
    "make_attribute",
    "make_buyer",
    "make_call",
    "make_category",
    "make_group",
    "make_invoice",
    "make_invoice_title",
    "make_letter",
    "make_member",
    "make_number",
    "make_offer",
    "make_operation",
    "make_operator",
    "make_order",
    "make_picture",
    "make_product",
    "make_proof",
    "make_refund",
    "make_seller",
    "make_subscription",
]
