"""The chapter of history.py about money in transfer: transfers in each state, and a payment without an owner."""

from __future__ import annotations

from tests.factories.pictures import picture_file
from tests.factories.transfers import announce, came, show
from tradepost.market.base import clock
from tradepost.market.identity.models import Member, Seller, User
from tradepost.market.payments import unmatched
from tradepost.market.payments.confirm import confirm, reject


def transfers(_seller_url: str) -> dict[str, str]:
    """Create transfers that wait for the money, wait for an operator, are booked, or rejected; and 880 from an unknown
    payer."""
    now = clock.now()
    buyer = User.objects.get(email="buyer@lantian.example")
    operator = User.objects.get(email="operator@market.example")
    waits = announce(buyer, 120_000, now=now)
    shown = show(announce(buyer, 500_000, now=now), content=picture_file(), now=now)
    booked = show(announce(buyer, 300_000, now=now), now=now)
    confirm(booked, came("ICBC-20261126-0007", 299_000), by=operator, now=now)
    refused = show(announce(buyer, 88_000, now=now), now=now)
    reject(refused, "回单上看不清流水号，请上传清晰的回单。", by=operator, now=now)
    nobodys = unmatched.record(came("ICBC-20261126-0042", 88_000), by=operator, now=now)
    seller = Seller.objects.get(slug="qingxie")
    owner = Member.objects.filter(seller=seller).order_by("pk")[0].user
    repayment = announce(owner, 9_500, seller=seller, now=now)
    repaid = show(announce(owner, 19_000, seller=seller, now=now), now=now)
    return {
        "repayment": repayment.number, "shown repayment": repaid.number, "repayment intent": str(repaid.pk),
        "waiting transfer": waits.number, "shown transfer": shown.number, "booked transfer": booked.number,
        "refused transfer": refused.number, "shown intent": str(shown.pk), "booked intent": str(booked.pk),
        "unmatched": str(nobodys.pk),
    }  # fmt: skip
