"""Transfers in tests: announced, shown and confirmed by the verbs of the pages."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

from tests.factories import NOW
from tests.factories.pictures import PDF
from tradepost.market.assets.models import Proof
from tradepost.market.assets.proofs import store_proof
from tradepost.market.base.config import config
from tradepost.market.base.files import Files
from tradepost.market.base.money import Money
from tradepost.market.identity.models import User
from tradepost.market.payments import intents
from tradepost.market.payments.confirm import Arrival
from tradepost.market.payments.intent_models import Intent

CNY = "CNY"
RULES = intents.Rules(least=Money(100, CNY), most=Money(500_000_00, CNY), waits=timedelta(days=7), open_most=3, a_day=5)
CHECKING = intents.Checking(workdays=2, zone=UTC, closes=time(18))


def announce(buyer: User, minor: int = 10_000, *, purpose: str = "", now: datetime = NOW) -> Intent:
    return intents.begin(buyer, Money(minor, CNY), purpose=purpose, rules=RULES, now=now)


def document(buyer: User, *, content: bytes = b"", now: datetime = NOW) -> Proof:
    """A receipt that this buyer handed in to the market."""
    return store_proof(
        content or PDF, name="receipt.png" if content.startswith(b"\x89PNG") else "receipt.pdf", seller=None, by=buyer, files=Files(config().files),
        most_bytes=1_000_000, a_day=100, now=now,
    )  # fmt: skip


def show(intent: Intent, *, now: datetime = NOW, content: bytes = b"") -> Intent:
    intents.give_proof(intent, [document(intent.user, content=content, now=now).sha256], checking=CHECKING, now=now)
    return Intent.objects.select_related("user").get(pk=intent.pk)


def came(bank_number: str, minor: int = 10_000) -> Arrival:
    return Arrival(bank_number=bank_number, amount=Money(minor, CNY))
