"""A joint product of the demo: debug the kit's calls, apply for a credential, debug the cases, submit, approve and list
it.

See openapi-jointkit §A.10, §B.1. It is not shipped with the demo, since the credential uses a key of the installation.
It waits for the seller's server and a worker, once; cases are debugged again after the signing key changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction
from msgspec import Struct

from tradepost.market.applications.credential import ApplyForCredential, apply_for_credential
from tradepost.market.applications.models import Application, TenantBinding
from tradepost.market.applications.rules import rules_of
from tradepost.market.base.outbound_policy import SANDBOX
from tradepost.market.base.values import replace
from tradepost.market.catalog.document import APPLICATION, Document
from tradepost.market.catalog.listing import draft_product
from tradepost.market.catalog.models import Product
from tradepost.market.debugging.asked import form_of
from tradepost.market.identity import keys
from tradepost.market.identity.models import Seller, SigningKey, User
from tradepost.market.production import addresses
from tradepost.market.production.models import Address
from tradepost.protocols.registry import protocol

from .joint_data import joint
from .people import OPERATOR, OWNER, sellers
from .proofs import store_certificate
from .road import Road, approve, debug_case, debug_missing_cases, submit_once

BASE, KIT = "saas_v2", "joint_kit_v2"
_KIT = SigningKey.InterfaceClass.KIT


class JointServer(Struct, frozen=True, kw_only=True):
    """The seller's server. ``root``: its address for people; ``address``: its address for the market's calls."""

    root: str
    public_key: str

    @property
    def address(self) -> str:
        return f"{self.root}/produce"


def demo_seller() -> Seller:
    return Seller.objects.get(slug=joint().product.seller)


def joint_keys(now: datetime) -> tuple[str, str]:
    """Return the signing keys of the base interfaces and of the joint-operation calls; create the latter if
    necessary."""
    seller = demo_seller()
    [base, *_earlier] = keys.signing_secrets(seller.pk, SigningKey.InterfaceClass.BASE, now=now)
    current_keys = keys.signing_secrets(seller.pk, _KIT, now=now)
    return base, current_keys[0] if current_keys else keys.rotate_signing_key(seller, _KIT, now=now).secret


def joint_application() -> Application | None:
    """Return the demo's application, if it exists."""
    return Application.objects.filter(seller=demo_seller(), name=joint().application.name).order_by("pk").first()


def ensure_credential(road: Road, server: JointServer) -> Application:
    """Return the credential after the test enterprise has been synchronised."""
    demo_application = joint_application() or _apply(road, server)
    test_bindings = TenantBinding.objects.filter(
        application=demo_application, subscription=None, status=TenantBinding.Status.BOUND
    )
    road.wait(test_bindings.exists, "the test enterprise")
    return demo_application


def _apply(road: Road, server: JointServer) -> Application:
    seller, owner = demo_seller(), User.objects.get(email=OWNER.email)
    kit = _address(seller, server, KIT, road)
    field_values = {"clientSecret": "a secret that is tried", "publicKey": server.public_key}
    for activity in protocol(KIT).activities.values():
        debug_case(road, form_of(kit, activity), owner, field_values)
    kit.refresh_from_db()
    command = ApplyForCredential(
        name=joint().application.name, mode=Application.Mode.OAUTH2, address=kit, public_key=server.public_key,
        login_kind=Application.LoginKind.SHARED, login_url=f"{server.root}/signin", callback=f"{server.root}/signin/callback",
        asked_fields=joint().application.asked_fields,
    )  # fmt: skip
    settings = road.settings
    return apply_for_credential(
        seller, command, most=settings.applications.applications_most, outbound=SANDBOX, actor=owner.email, rules=rules_of(settings),
        now=road.now(),
    ).application  # fmt: skip


def _address(seller: Seller, server: JointServer, protocol_name: str, road: Road) -> Address:
    existing = Address.objects.filter(
        seller=seller, url=server.address, protocol=protocol_name, removed_at=None
    ).first()
    if existing is not None:
        return existing
    is_signed = road.settings.production.body_sign == "required"
    return addresses.register(
        seller,
        url=server.address,
        protocol=protocol_name,
        require_body_sign=is_signed,
        outbound=SANDBOX,
        now=road.now(),
    )


def ensure_listed(road: Road, server: JointServer, applied: Application) -> Product:
    """Return the listed product; it may be a draft or frozen if a person changed it."""
    owner, operator = (User.objects.get(email=login.email) for login in (OWNER, OPERATOR))
    product = Product.objects.filter(slug=joint().product.slug).first() or _draft(road, server, applied, owner)
    field_values: Mapping[str, str] = {"clientSecret": "a secret that is tried", "publicKey": server.public_key}
    debug_missing_cases(road, product, _address(product.seller, server, BASE, road), owner, field_values)
    if product.status == Product.Status.DRAFT:
        submit_once(road, product, owner)
        approve(road, product, operator)
        product.refresh_from_db()
    return product


def _draft(road: Road, server: JointServer, application: Application, owner: User) -> Product:
    demo_product = joint().product
    described = next(candidate for candidate in sellers() if candidate.slug == demo_product.seller)
    address = _address(application.seller, server, BASE, road)
    proof = store_certificate(
        demo_product.name.en, application.seller, described.name.en, by=owner, settings=road.settings, now=road.now()
    )
    document = _with_application(demo_product.document(described, proof=proof), application)
    with transaction.atomic():
        product = draft_product(application.seller, document, by=owner, slug=demo_product.slug, now=road.now())
        addresses.bind(product, address)
    return product


def _with_application(document: Document, application: Application) -> Document:
    fields = {**document.details.fields, APPLICATION: application.app_id}
    return replace(document, details=replace(document.details, fields=fields))
