"""Who deletes the data of an ended service. Notices and pages choose their texts by it."""

from __future__ import annotations

from enum import StrEnum

from tradepost.market.product_types.registry import product_type
from tradepost.market.production.models import Binding
from tradepost.market.subscriptions.models import Subscription
from tradepost.protocols.commands import Command

from .cases import protocol_with_seller, view_of
from .cloud import internal_protocol, runs_on_server
from .contract import Release
from .speak import command_for


class DeletedBy(StrEnum):
    SELLER = "seller"
    """The seller deletes the instance and its data when the market calls its production interface."""
    CLOUD = "cloud"
    """The operator's cloud deletes the server and its data."""
    IMAGE = "image"
    """A period image ends, and the server remains (business-rules §5)."""
    NOBODY = "nobody"
    """People, files, gateways and codes: nothing is deleted outside of the market."""


def deleted_by(subscription: Subscription) -> DeletedBy:
    """Return who deletes it. ``product`` and ``offer`` should be fetched. One query, only for codes."""
    if runs_on_server(subscription):
        return DeletedBy.IMAGE if subscription.offer.charging.ends else DeletedBy.CLOUD
    if internal_protocol(subscription) is not None:
        return DeletedBy.NOBODY
    if product_type(subscription.product.product_type).issues_codes and not _release_is_called(subscription):
        return DeletedBy.NOBODY
    return DeletedBy.SELLER


def _release_is_called(subscription: Subscription) -> bool:
    """Return whether the seller of a code has an interface with a saved case for the release (saas-v1-license B2.2)."""
    binding = Binding.objects.select_related("address").filter(product=subscription.product_id).first()
    address = binding.address if binding else None
    seller_protocol = protocol_with_seller(subscription, address)
    if seller_protocol is None:
        return False
    return isinstance(command_for(Release(instance_id=""), view_of(subscription, seller_protocol, address)), Command)
