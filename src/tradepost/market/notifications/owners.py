"""Whose receivers, webhooks and chats they are: a seller's, or a buyer's own."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from tradepost.market.base import jobs
from tradepost.market.identity.models import Member, Seller, User

from .models import NoticeDelivery
from .outgoing import DELIVER_BY
from .receiver_models import Endpoint, Receiver
from .why_not import UnsentReason

type Owner = Seller | User


def owner_columns(owner: Owner) -> dict[str, Any]:
    """The columns that say whose it is, for a filter and for a new row."""
    return {"seller": owner, "user": None} if isinstance(owner, Seller) else {"seller": None, "user": owner}


def receivers_of(owner: Owner) -> QuerySet[Receiver]:
    return Receiver.objects.filter(**owner_columns(owner)).order_by("pk")


def endpoints_of(owner: Owner) -> QuerySet[Endpoint]:
    return Endpoint.objects.filter(**owner_columns(owner)).order_by("pk")


def lock_owner(owner: Owner) -> None:
    """Until the end of the transaction nobody else adds or takes away one of its places."""
    rows = Seller.objects if isinstance(owner, Seller) else User.objects  # the user of a request is a lazy object
    rows.select_for_update().get(pk=owner.pk)


def people_to_notify(thing: Receiver | Endpoint) -> list[User]:
    """Who is told when something is wrong with it: the owners of the seller, or the buyer."""
    if thing.user is not None:
        return [thing.user]
    owners = Member.objects.select_related("user").filter(seller=thing.seller, role=Member.Role.OWNER)
    return [member.user for member in owners.filter(user__is_active=True).order_by("pk")]


def limit_key(owner: Owner) -> str:
    """Names it where tries are counted."""
    return f"seller {owner.pk}" if isinstance(owner, Seller) else f"user {owner.pk}"


def withhold(waiting: QuerySet[NoticeDelivery], reason: UnsentReason) -> int:
    """What waits is not sent any more, for this reason. Returns how many. In the caller's transaction."""
    open_ones = waiting.filter(status__in=[NoticeDelivery.Status.WAITING, NoticeDelivery.Status.DEFERRED])
    pks = list(open_ones.values_list("pk", flat=True))
    jobs.cancel_all(list(DELIVER_BY.values()), [str(pk) for pk in pks])
    rows = NoticeDelivery.objects.filter(pk__in=pks)
    return rows.update(status=NoticeDelivery.Status.WITHHELD, reason=reason, next_at=None, sealed_link="")
