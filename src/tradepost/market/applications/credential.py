"""A seller applies for the credential of an application, and changes it (openapi-jointkit §B.1)."""

from __future__ import annotations

import ipaddress
import unicodedata
from collections.abc import Collection
from datetime import datetime
from http import HTTPStatus
from urllib.parse import urlsplit

from cryptography.hazmat.primitives import serialization
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from msgspec import Struct

from tradepost.market.base import ids
from tradepost.market.base.errors import Refused
from tradepost.market.base.outbound_policy import OutboundPolicy
from tradepost.market.base.secrets import fingerprints
from tradepost.market.identity.models import Seller
from tradepost.market.organisations.enterprise import found_for_tests
from tradepost.market.production.addresses import check_url
from tradepost.market.production.models import Address
from tradepost.protocols.client_secret import LEAST_BITS, UnfitKey, load_public_key
from tradepost.protocols.registry import protocols

from .bind import bind_for_tests
from .models import Application, TenantBinding
from .people import RELEASABLE
from .rules import SyncRules

LONGEST_NAME = 64
SECRET = 40
PURPOSE = "application secret"
"""Of the keyed hash by which the secret is recognised."""


class ApplyForCredential(Struct, frozen=True, kw_only=True):
    """What a seller fills in. ``address``: of the joint-operation kit, debugged and saved. ``public_key``: PEM, with or without its
    first and last line. ``asked_fields``: personal fields by their names on the wire."""

    name: str
    mode: str
    address: Address
    public_key: str
    login_kind: str
    login_url: str
    callback: str = ""
    multi_instance: bool = False
    asked_fields: Collection[str] = ()


class NewCredential(Struct, frozen=True, kw_only=True):
    """``secret`` is shown once. ``binding``: of the seller's test enterprise, which is told at once."""

    application: Application
    secret: str
    binding: TenantBinding


def apply_for_credential(
    seller: Seller,
    wanted: ApplyForCredential,
    *,
    most: int,
    outbound: OutboundPolicy,
    actor: str,
    rules: SyncRules,
    now: datetime,
) -> NewCredential:
    """Raises ``Refused`` with the field that is wrong."""
    checked = _checked(seller, wanted, outbound=outbound)
    secret = ids.secret(SECRET)
    with transaction.atomic():
        Seller.objects.select_for_update().get(pk=seller.pk)
        if Application.objects.filter(seller=seller).count() >= most:
            words = _("A seller has at most %(most)s applications.") % {"most": most}
            raise Refused("application.too_many", words)
        try:
            with transaction.atomic():
                made = Application.objects.create(
                    seller=seller, app_id=ids.hex_id(), secret_hash=fingerprints(PURPOSE, secret)[0],
                    multi_instance=wanted.multi_instance, created_at=now, created_by=actor, **checked,
                )  # fmt: skip
        except IntegrityError:
            raise login_taken() from None
        enterprise = found_for_tests(seller, _test_name(seller), _test_code(seller), now=now)
        binding = bind_for_tests(made, enterprise, rules=rules, now=now)
    return NewCredential(application=made, secret=secret, binding=binding)


def renew_secret(application: Application) -> str:
    """A new secret in place of the one that was lost or got known: that one counts no more, at once. It is in the answer and nowhere
    else. Clients of enterprises keep theirs."""
    secret = ids.secret(SECRET)
    Application.objects.filter(pk=application.pk).update(secret_hash=fingerprints(PURPOSE, secret)[0])
    return secret


def _test_name(seller: Seller) -> str:
    return f"{seller.name} · 测试企业 Test"


def _test_code(seller: Seller) -> str:
    """One that nobody else would choose."""
    return f"test-{seller.slug[:40].lower().strip('-').replace('_', '-')}-{seller.pk}"


def _checked(seller: Seller, wanted: ApplyForCredential, *, outbound: OutboundPolicy) -> dict[str, object]:
    mode, kind = wanted.mode, wanted.login_kind
    if mode not in Application.Mode.values:
        raise wrong("mode", _("Choose how people sign in: OAuth2.0 or SDK integration."))
    if kind not in Application.LoginKind.values:
        raise wrong("login_kind", _("Choose whose the login address is."))
    return {
        "name": plain_name(wanted.name),
        "mode": mode,
        "address": debugged(seller, wanted.address),
        "public_key": public_key(wanted.public_key),
        "login_kind": kind,
        "login_url": web_address(wanted.login_url, field="login_url", outbound=outbound),
        "callback": web_address(wanted.callback, field="callback", outbound=outbound) if mode == "oauth2" else "",
        "asked_fields": [one for one in RELEASABLE if one in wanted.asked_fields],
    }


def plain_name(text: str) -> str:
    name = " ".join(text.split())
    unseen = any(unicodedata.category(one) in {"Cc", "Cf", "Cs"} for one in name)
    if not name or len(name) > LONGEST_NAME or unseen:
        raise wrong("name", _("A name has 1 to %(longest)s characters in one line.") % {"longest": LONGEST_NAME})
    return name


def debugged(seller: Seller, address: Address) -> Address:
    """An address of this seller at which all five calls of the kit were debugged and saved (§A.10, §B.1)."""
    spoken = protocols().get(address.protocol)
    if address.seller_id != seller.pk or address.removed_at is not None or spoken is None or spoken.key_class != "kit":
        raise wrong("address", _("Choose one of your addresses that speaks the joint-operation kit."))
    missing = [word for word in spoken.activities.values() if word not in address.proven]
    if missing:
        words = _("Debug and save these calls at this address first: %(calls)s.") % {"calls": ", ".join(missing)}
        raise wrong("address", words)
    return address


def public_key(text: str) -> str:
    """The key in PEM. Raises ``Refused`` that says what the text is instead (§A.6)."""
    try:
        key = load_public_key(text)
    except UnfitKey as unfit:
        words = _("This key cannot be used (%(what)s). Paste an RSA public key of %(bits)s bits or more, in PEM.")
        raise wrong("public_key", words % {"what": unfit, "bits": LEAST_BITS}) from None
    pem = key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return pem.decode("ascii")


def web_address(text: str, *, field: str, outbound: OutboundPolicy) -> str:
    """An address that people's browsers open: https and a domain, no IP address (§B.1); in a sandbox also this machine's."""
    if not text.strip():
        raise wrong(field, _("Fill in an address that starts with https://."))
    try:
        url = check_url(text, outbound=outbound)
    except Refused as refused:
        raise wrong(field, str(refused.message)) from None
    host = urlsplit(url).hostname or ""
    if not outbound.sandbox and (urlsplit(url).port is not None or _is_ip(host)):
        raise wrong(field, _("Give a domain name without a port, not an IP address."))
    return url


def _is_ip(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def login_taken() -> Refused:
    words = _("Another application has this login address. Each application needs one of its own.")
    return wrong("login_url", words)


def wrong(field: str, words: str) -> Refused:
    return Refused(f"application.{field}", words, HTTPStatus.UNPROCESSABLE_ENTITY, field=field)
