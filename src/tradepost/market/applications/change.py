"""Change a credential, and apply the change to existing bindings (openapi-jointkit §B.1)."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from msgspec import Struct

from tradepost.market.base.outbound_policy import OutboundPolicy
from tradepost.market.production.models import Address

from .credential import debugged_address, invalid, login_taken, plain_name, public_key, web_address
from .models import Application, TenantBinding
from .people import RELEASABLE
from .rules import SyncRules
from .run import drop_failed_runs, locked, settle


class CredentialChange(Struct, frozen=True, kw_only=True):
    """The parts of a credential that a seller may change.

    The callback is fixed because existing clients use it. So is the address of a published application.
    """

    name: str
    address: Address
    public_key: str
    login_url: str
    multi_instance: bool
    asked_fields: Collection[str] = ()


def change(application: Application, credential_change: CredentialChange, *, outbound: OutboundPolicy) -> Application:
    """Change the credential. Existing bindings keep their address and key until the change is applied. Raises
    ``Refused``."""
    with transaction.atomic():
        locked_application = (
            Application.objects.select_for_update(of=("self",)).select_related("seller").get(pk=application.pk)
        )
        if locked_application.multi_instance and not credential_change.multi_instance:
            words = _("You cannot turn this off, because several services may already be bound to one enterprise.")
            raise invalid("multi_instance", words)
        if credential_change.address.pk != locked_application.address_id:
            locked_application.address = _new_address(locked_application, credential_change.address)
        locked_application.name, locked_application.public_key = (
            plain_name(credential_change.name),
            public_key(credential_change.public_key),
        )
        locked_application.login_url = web_address(credential_change.login_url, field="login_url", outbound=outbound)
        locked_application.multi_instance = credential_change.multi_instance
        locked_application.asked_fields = [name for name in RELEASABLE if name in credential_change.asked_fields]
        try:
            with transaction.atomic():
                locked_application.save(
                    update_fields=["address", "name", "public_key", "login_url", "multi_instance", "asked_fields"]
                )
        except IntegrityError:
            raise login_taken() from None
    return locked_application


def _new_address(application: Application, address: Address) -> Address:
    """Return the new address. A published application changes its address only with an operator's approval
    (``move.py``)."""
    if application.product_id is not None:
        words = _(
            "The application is published, so an operator must approve a change of its production address. "
            "Request the change on the application page."
        )
        raise invalid("address", words)
    return debugged_address(application.seller, address)


def differs_from_application(binding: TenantBinding) -> bool:
    """Return whether the binding has another address or key than its application. Fetch the application beforehand."""
    application = binding.application
    return (binding.address_id, binding.public_key) != (application.address_id, application.public_key)


def apply_change(
    application: Application, bindings: Collection[int], *, actor: str, rules: SyncRules, now: datetime
) -> int:
    """Apply the application's address and key to these bindings. Return how many changed.

    The seller gets the secret again, encrypted with the new key. Bindings of other applications are skipped.
    """
    changed_count = 0
    selected_bindings = TenantBinding.objects.filter(application=application, pk__in=bindings)
    for pk in (
        selected_bindings.exclude(status=TenantBinding.Status.UNBOUND).order_by("pk").values_list("pk", flat=True)
    ):
        with transaction.atomic():
            locked_binding = locked(pk)
            if not differs_from_application(locked_binding):
                continue
            locked_binding.address, locked_binding.public_key = (
                locked_binding.application.address,
                locked_binding.application.public_key,
            )
            locked_binding.save(update_fields=["address", "public_key"])
            drop_failed_runs(
                locked_binding, actor=actor, now=now
            )  # retry at the new address what failed at the old one
            settle(locked_binding, rules, now=now)
            changed_count += 1
    return changed_count
