"""Apply for the credential of an application, and renew its secret (openapi-jointkit §B.1)."""

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
from tradepost.market.base.reseal import KeyedHash
from tradepost.market.base.secrets import fingerprints
from tradepost.market.identity.models import Seller
from tradepost.market.organisations.enterprise import found_for_tests
from tradepost.market.production.addresses import check_url
from tradepost.market.production.models import Address
from tradepost.protocols.client_secret import MIN_BITS, UnfitKey, load_public_key
from tradepost.protocols.registry import protocols

from .bind import bind_test_enterprise
from .models import Application, Client, TenantBinding
from .people import RELEASABLE
from .rules import SyncRules

MAX_NAME_LENGTH = 64
SECRET_LENGTH = 40
PURPOSE = "application secret"
"""Purpose of the keyed hash by which a secret is recognised."""
HASHES = (
    KeyedHash(model=Application, column="secret_hash", name="application secrets", issued="created_at"),
    KeyedHash(model=Client, column="previous_hash", name="replaced client secrets", issued="previous_until"),
)


class ApplyForCredential(Struct, frozen=True, kw_only=True):
    """The form of an application for a credential.

    ``address``: of the joint-operation kit, debugged and saved. ``public_key``: PEM, with or without header and footer
    lines. ``asked_fields``: personal fields by their names on the wire.
    """

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
    """A new credential. ``secret`` is shown once. ``binding``: of the test enterprise, which is synchronised
    immediately."""

    application: Application
    secret: str
    binding: TenantBinding


def apply_for_credential(
    seller: Seller,
    form: ApplyForCredential,
    *,
    most: int,
    outbound: OutboundPolicy,
    actor: str,
    rules: SyncRules,
    now: datetime,
) -> NewCredential:
    """Create the application. Raises ``Refused`` with the invalid field."""
    values = _validated(seller, form, outbound=outbound)
    secret = ids.secret(SECRET_LENGTH)
    with transaction.atomic():
        Seller.objects.select_for_update().get(pk=seller.pk)
        if Application.objects.filter(seller=seller).count() >= most:
            words = _("A seller has at most %(most)s applications.") % {"most": most}
            raise Refused("application.too_many", words)
        try:
            with transaction.atomic():
                new_application = Application.objects.create(
                    seller=seller, app_id=ids.hex_id(), secret_hash=fingerprints(PURPOSE, secret)[0],
                    multi_instance=form.multi_instance, created_at=now, created_by=actor, **values,
                )  # fmt: skip
        except IntegrityError:
            raise login_taken() from None
        enterprise = found_for_tests(seller, _test_name(seller), _test_code(seller), now=now)
        binding = bind_test_enterprise(new_application, enterprise, rules=rules, now=now)
    return NewCredential(application=new_application, secret=secret, binding=binding)


def renew_secret(application: Application) -> str:
    """Replace a lost or leaked secret immediately. The new secret is only in the return value. Clients keep their
    secrets."""
    secret = ids.secret(SECRET_LENGTH)
    Application.objects.filter(pk=application.pk).update(secret_hash=fingerprints(PURPOSE, secret)[0])
    return secret


def _test_name(seller: Seller) -> str:
    return f"{seller.name} · 测试企业 Test"


def _test_code(seller: Seller) -> str:
    """Return a code that no enterprise would choose."""
    return f"test-{seller.slug[:40].lower().strip('-').replace('_', '-')}-{seller.pk}"


def _validated(seller: Seller, form: ApplyForCredential, *, outbound: OutboundPolicy) -> dict[str, object]:
    mode, kind = form.mode, form.login_kind
    if mode not in Application.Mode.values:
        raise invalid("mode", _("Choose how people sign in: OAuth2.0 or SDK integration."))
    if kind not in Application.LoginKind.values:
        raise invalid("login_kind", _("Choose the type of login address."))
    return {
        "name": plain_name(form.name),
        "mode": mode,
        "address": debugged_address(seller, form.address),
        "public_key": public_key(form.public_key),
        "login_kind": kind,
        "login_url": web_address(form.login_url, field="login_url", outbound=outbound),
        "callback": web_address(form.callback, field="callback", outbound=outbound) if mode == "oauth2" else "",
        "asked_fields": [name for name in RELEASABLE if name in form.asked_fields],
    }


def plain_name(text: str) -> str:
    name = " ".join(text.split())
    has_invisible = any(unicodedata.category(char) in {"Cc", "Cf", "Cs"} for char in name)
    if not name or len(name) > MAX_NAME_LENGTH or has_invisible:
        raise invalid("name", _("A name has 1 to %(longest)s characters in one line.") % {"longest": MAX_NAME_LENGTH})
    return name


def debugged_address(seller: Seller, address: Address) -> Address:
    """Return an address of this seller at which all five calls of the kit were debugged and saved (§A.10, §B.1)."""
    protocol = protocols().get(address.protocol)
    if (
        address.seller_id != seller.pk
        or address.removed_at is not None
        or protocol is None
        or protocol.key_class != "kit"
    ):
        raise invalid(
            "address", _("Choose one of your production addresses that uses the joint-operation kit protocol.")
        )
    missing_actions = [action for action in protocol.activities.values() if action not in address.proven]
    if missing_actions:
        words = _("Debug and save these calls at this address first: %(calls)s.") % {
            "calls": ", ".join(missing_actions)
        }
        raise invalid("address", words)
    return address


def public_key(text: str) -> str:
    """Return the key in PEM. Raises ``Refused`` with a description of invalid text (§A.6)."""
    try:
        key = load_public_key(text)
    except UnfitKey as error:
        words = _("This key cannot be used (%(what)s). Paste an RSA public key of %(bits)s bits or more, in PEM.")
        raise invalid("public_key", words % {"what": error, "bits": MIN_BITS}) from None
    pem = key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return pem.decode("ascii")


def web_address(text: str, *, field: str, outbound: OutboundPolicy) -> str:
    """Return the URL for people's browsers: https and a domain name (§B.1). A sandbox also allows this machine."""
    if not text.strip():
        raise invalid(field, _("Fill in an address that starts with https://."))
    try:
        url = check_url(text, outbound=outbound)
    except Refused as refusal:
        raise invalid(field, str(refusal.message)) from None
    host = urlsplit(url).hostname or ""
    if not outbound.sandbox and (urlsplit(url).port is not None or _is_ip(host)):
        raise invalid(field, _("Enter a domain name without a port, not an IP address."))
    return url


def _is_ip(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def login_taken() -> Refused:
    words = _("Another application uses this login address. Each application needs a different one.")
    return invalid("login_url", words)


def invalid(field: str, words: str) -> Refused:
    return Refused(f"application.{field}", words, HTTPStatus.UNPROCESSABLE_ENTITY, field=field)
