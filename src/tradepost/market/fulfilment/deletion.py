"""Who deletes what a service consists of when it ends. Notices and pages choose their sentences by it."""

from __future__ import annotations

from enum import StrEnum

from tradepost.market.product_types.registry import product_type
from tradepost.market.production.models import Binding
from tradepost.market.subscriptions.models import Subscription
from tradepost.protocols.commands import Command

from .cases import held_of, spoken_by
from .cloud import on_a_server, spoken_without_interface
from .contract import Release
from .speak import speak


class DeletedBy(StrEnum):
    SELLER = "seller"
    """The market calls the seller's production interface, which deletes the instance with its data."""
    CLOUD = "cloud"
    """The operator's cloud deletes the server with its data."""
    IMAGE = "image"
    """A period image ends, and the server stays (business-rules §5)."""
    NOBODY = "nobody"
    """People, files, gateways and codes: nothing is deleted outside of the market."""


def deleted_by(subscription: Subscription) -> DeletedBy:
    """``product`` and ``offer`` should be fetched. One query, for codes only."""
    if on_a_server(subscription):
        return DeletedBy.IMAGE if subscription.offer.charging.ends else DeletedBy.CLOUD
    if spoken_without_interface(subscription) is not None:
        return DeletedBy.NOBODY
    if product_type(subscription.product.product_type).issues_codes and not _release_is_called(subscription):
        return DeletedBy.NOBODY
    return DeletedBy.SELLER


def _release_is_called(subscription: Subscription) -> bool:
    """Of codes: whether the seller has an interface and saved a case for the release (saas-v1-license B2.2)."""
    bound = Binding.objects.select_related("address").filter(product=subscription.product_id).first()
    address = bound.address if bound else None
    spoken = spoken_by(subscription, address)
    if spoken is None:
        return False
    return isinstance(speak(Release(instance_id=""), held_of(subscription, spoken, address)), Command)
