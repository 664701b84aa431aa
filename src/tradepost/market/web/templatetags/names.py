"""Display names for stored keys and codes."""

from __future__ import annotations

from ipaddress import ip_network

from django import template
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from tradepost.market.base.both_languages import localised_name
from tradepost.market.payments.correction_models import Correction
from tradepost.market.payments.corrections import CORRECTABLE_REASONS
from tradepost.market.payments.models import Account, Transfer
from tradepost.market.product_types.registry import product_types

register = template.Library()


@register.filter
def product_kind(code: str) -> str:
    """Return the title of a product type."""
    kind = product_types().get(code)
    return kind.title.in_language(get_language()) if kind else code


@register.filter
def whole_ip(text: str) -> str:
    """Keep an IP address or network on one line; return other text unchanged."""
    try:
        ip_network(text, strict=False)
    except ValueError:
        return text
    return format_html('<span class="tp-ip">{}</span>', text)


@register.filter
def booking_of(transfer: Transfer) -> Transfer | None:
    """Return the operator's booking for a transfer: the transfer itself, or the one that it corrects; None for other
    transfers."""
    if transfer.reason == Transfer.Reason.CORRECTED:
        return transfer.correction.transfer
    return transfer if transfer.reason in CORRECTABLE_REASONS else None


@register.filter
def owner_name(account: Account) -> str:
    """Return the owner of an account, or a text for an unknown owner."""
    if account.user is not None:
        return account.user.email
    return localised_name(account.seller, "name") if account.seller is not None else _("Not matched to a buyer yet")


@register.simple_tag
def correction_link(correction: Correction, for_operators: bool) -> str:  # noqa: FBT001  # passed by a template
    """Return the number of a correcting booking, linked to the page where the reader finds it."""
    number = correction.booked.reference
    if for_operators:
        url = reverse("console:booking", args=[correction.transfer_id])
    elif correction.account_before.user_id:
        day = timezone.localdate(correction.at).isoformat()
        url = f"{reverse('storefront:balance')}?kind={Transfer.Reason.CORRECTED}&from={day}&to={day}"
    else:
        return number
    return format_html('<a href="{}">{}</a>', url, number)


@register.filter
def charge_of(transfer: Transfer) -> int | None:
    """Return the usage charge for which a transfer was booked, from its reference (``billing``); None for other
    transfers."""
    match transfer.reason, transfer.reference.split("/"):
        case Transfer.Reason.CHARGED, [*_, charge] if charge.isdecimal():
            return int(charge)
        case Transfer.Reason.COLLECTED, [charge, _open] if charge.isdecimal():
            return int(charge)
        case Transfer.Reason.CREDITED, ["charge", charge, *_] if charge.isdecimal():
            return int(charge)
    return None
