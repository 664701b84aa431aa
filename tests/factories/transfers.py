"""Bank transfers, announced, documented and confirmed by the functions of the pages."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

from tests.factories import NOW
from tests.factories.pictures import PDF
from tradepost.market.assets.models import Proof
from tradepost.market.assets.proofs import store_proof
from tradepost.market.base.config import config
from tradepost.market.base.files import Files
from tradepost.market.base.money import Money
from tradepost.market.identity.models import Seller, User
from tradepost.market.payments import intents
from tradepost.market.payments.confirm import Arrival
from tradepost.market.payments.intent_models import Intent

CNY = "CNY"
RULES = intents.TransferLimits(
    least=Money(100, CNY), most=Money(500_000_00, CNY), waits=timedelta(days=7), open_most=3, a_day=5
)
CHECKING = intents.CheckDeadline(workdays=2, zone=UTC, closes=time(18))


def announce(
    buyer: User, minor: int = 10_000, *, purpose: str = "", seller: Seller | None = None, now: datetime = NOW
) -> Intent:
    return intents.announce(buyer, Money(minor, CNY), purpose=purpose, seller=seller, rules=RULES, now=now)


def document(buyer: User, *, content: bytes = b"", seller: Seller | None = None, now: datetime = NOW) -> Proof:
    """Return a receipt that this buyer, or a person who acts for the seller, uploaded."""
    return store_proof(
        content or PDF, name="receipt.png" if content.startswith(b"\x89PNG") else "receipt.pdf", seller=seller, by=buyer, files=Files(config().files),
        most_bytes=1_000_000, a_day=100, now=now,
    )  # fmt: skip


def show(intent: Intent, *, now: datetime = NOW, content: bytes = b"") -> Intent:
    proof = document(intent.user, content=content, seller=intent.seller, now=now)
    intents.add_proofs(intent, [proof.sha256], checking=CHECKING, now=now)
    return Intent.objects.select_related("user", "seller").get(pk=intent.pk)


def came(bank_number: str, minor: int = 10_000) -> Arrival:
    return Arrival(bank_number=bank_number, amount=Money(minor, CNY))
