"""Can this process open what the market sealed? With another secret key no seller could be called, and orders would fail."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import models

from tradepost.market.applications.models import Client
from tradepost.market.base.errors import Refused
from tradepost.market.base.secrets import unseal
from tradepost.market.identity.models import AccessKey, SecondFactor, SigningKey
from tradepost.market.notifications.models import Endpoint
from tradepost.market.production.models import Call
from tradepost.market.subscriptions.models import Subscription

KEYS: tuple[tuple[type[models.Model], str], ...] = ((SigningKey, "sealed"), (AccessKey, "sealed"))
ALL: tuple[tuple[type[models.Model], str], ...] = (
    *KEYS,
    (Subscription, "sealed_access"),
    (Call, "sealed_answer"),
    (Client, "sealed_secret"),
    (Endpoint, "sealed_address"),
    (SecondFactor, "sealed"),
)
REMEDY = "Add the earlier key to TRADEPOST_OLD_SECRET_KEYS, or put back the file secret.key."


@dataclass(frozen=True, slots=True)
class Tried:
    """How many sealed texts were tried, and how many stayed closed."""

    all: int
    closed: int


def try_open(where: tuple[tuple[type[models.Model], str], ...], *, most: int) -> Tried:
    """The newest and the oldest of each, ``most`` of either."""
    tried = closed = 0
    for model, field in where:
        sealed = model._default_manager.exclude(**{field: ""}).values_list(field, flat=True)  # noqa: SLF001
        for text in {*sealed.order_by("-pk")[:most], *sealed.order_by("pk")[:most]}:
            tried += 1
            try:
                unseal(text)
            except ValueError:
                closed += 1
    return Tried(tried, closed)


def must_open() -> None:
    """Raises ``Refused`` before a market runs with a secret key that is not its own."""
    tried = try_open(KEYS, most=3)
    if tried.closed:
        raise Refused(
            "cli.other_secret_key",
            f"The keys of this market's sellers cannot be opened ({tried.closed} of {tried.all} tried): the secret key is "
            f"another one than they were sealed with. {REMEDY}",
        )
