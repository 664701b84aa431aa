"""A credential is changed, and the change is applied to services that are bound already, one by one or all (openapi-jointkit §B.1)."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from msgspec import Struct

from tradepost.market.base.outbound_policy import OutboundPolicy
from tradepost.market.production.models import Address

from .credential import debugged, login_taken, plain_name, public_key, web_address, wrong
from .models import Application, TenantBinding
from .people import RELEASABLE
from .rules import SyncRules
from .run import begin_again, locked, settle


class CredentialChange(Struct, frozen=True, kw_only=True):
    """What a seller may change. The callback is not among it: clients that stand know it; nor is the address of one that is
    published."""

    name: str
    address: Address
    public_key: str
    login_url: str
    multi_instance: bool
    asked_fields: Collection[str] = ()


def change(application: Application, wanted: CredentialChange, *, outbound: OutboundPolicy) -> Application:
    """From now on; what is bound already keeps address and key until the change is applied to it. Raises ``Refused``."""
    with transaction.atomic():
        held = Application.objects.select_for_update(of=("self",)).select_related("seller").get(pk=application.pk)
        if held.multi_instance and not wanted.multi_instance:
            words = _("Several services may be bound to one enterprise already: this cannot be switched back.")
            raise wrong("multi_instance", words)
        if wanted.address.pk != held.address_id:
            held.address = _elsewhere(held, wanted.address)
        held.name, held.public_key = plain_name(wanted.name), public_key(wanted.public_key)
        held.login_url = web_address(wanted.login_url, field="login_url", outbound=outbound)
        held.multi_instance = wanted.multi_instance
        held.asked_fields = [one for one in RELEASABLE if one in wanted.asked_fields]
        try:
            with transaction.atomic():
                held.save(
                    update_fields=["address", "name", "public_key", "login_url", "multi_instance", "asked_fields"]
                )
        except IntegrityError:
            raise login_taken() from None
    return held


def _elsewhere(held: Application, address: Address) -> Address:
    """One that is published moves only when an operator agreed (``move.py``)."""
    if held.product_id is not None:
        words = _(
            "The application is published: its production address changes only when an operator agreed. Ask for the move on the page "
            "of the application."
        )
        raise wrong("address", words)
    return debugged(held.seller, address)


def differs(binding: TenantBinding) -> bool:
    """Whether it has another address or key than its application; ``binding`` with its application."""
    now = binding.application
    return (binding.address_id, binding.public_key) != (now.address_id, now.public_key)


def apply_change(
    application: Application, bindings: Collection[int], *, actor: str, rules: SyncRules, now: datetime
) -> int:
    """These bindings get the application's address and key; the seller is told the secret anew, with the new key. Those of other
    applications are passed over. Gives how many changed."""
    changed = 0
    own = TenantBinding.objects.filter(application=application, pk__in=bindings)
    for pk in own.exclude(status=TenantBinding.Status.UNBOUND).order_by("pk").values_list("pk", flat=True):
        with transaction.atomic():
            held = locked(pk)
            if not differs(held):
                continue
            held.address, held.public_key = held.application.address, held.application.public_key
            held.save(update_fields=["address", "public_key"])
            begin_again(held, actor=actor, now=now)  # what failed at the former address is tried at the new one
            settle(held, rules, now=now)
            changed += 1
    return changed
