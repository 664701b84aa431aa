"""The agreements accepted with an order, for the pages of its buyer, its seller and operators."""

from __future__ import annotations

from msgspec import Struct

from tradepost.market.base.config import config
from tradepost.market.identity.company_models import Agreement
from tradepost.market.orders.agreements import accepted_with, terms_of
from tradepost.market.orders.models import Order, OrderLine

from .agreement_text import Paragraph, paragraphs, pay_time, terms_paragraphs


class AcceptedText(Struct, frozen=True, kw_only=True):
    """An accepted version with its text. ``terms``: paragraphs that the seller added."""

    agreement: Agreement
    paragraphs: list[Paragraph]
    terms: list[Paragraph]


class AcceptedAgreements(Struct, frozen=True, kw_only=True):
    line: OrderLine
    texts: list[AcceptedText]


def accepted_agreements(order: Order, *, for_seller: bool = False) -> AcceptedAgreements | None:
    """Return the accepted agreements of an order, or None if none were accepted with it.

    ``for_seller``: omit the buyer agreement, which is between the buyer and the market.
    """
    line = accepted_with(order)
    if line is None or line.buyer_agreement is None:
        return None
    texts = []
    if line.service_agreement is not None:
        texts.append(
            AcceptedText(
                agreement=line.service_agreement, paragraphs=paragraphs(line.service_agreement),
                terms=terms_paragraphs(terms_of(line.version)),
            )
        )  # fmt: skip
    if not for_seller:
        minutes = line.agreed_pay_minutes or config().orders.unpaid_timeout_minutes
        buyer_paragraphs = paragraphs(line.buyer_agreement, pay_within=pay_time(minutes))
        texts.append(AcceptedText(agreement=line.buyer_agreement, paragraphs=buyer_paragraphs, terms=[]))
    return AcceptedAgreements(line=line, texts=texts) if texts else None
