"""A product of the demo with joint operation, by the verbs of the pages: its five calls are debugged, a credential is applied for, its
cases are debugged, it is handed in, approved and listed (openapi-jointkit §A.10, §B.1).

Nothing of it is shipped: the credential is for a key that each installation makes itself. This waits for the seller's server and for
a worker; it is done once, and debugged anew when the signing key is another one.
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
from .proofs import hand_in_certificate
from .road import Road, approve, debug_case, debug_missing, send

BASE, KIT = "saas_v2", "joint_kit_v2"
_KIT = SigningKey.InterfaceClass.KIT


class JointServer(Struct, frozen=True, kw_only=True):
    """The seller's server: ``root``, where people find it, ``address``, where the market calls it, and its public key."""

    root: str
    public_key: str

    @property
    def address(self) -> str:
        return f"{self.root}/produce"


def seller_of() -> Seller:
    return Seller.objects.get(slug=joint().product.seller)


def joint_keys(now: datetime) -> tuple[str, str]:
    """The signing keys of the base interfaces and of the joint-operation calls; that one is made where there is none."""
    seller = seller_of()
    [base, *_earlier] = keys.signing_secrets(seller.pk, SigningKey.InterfaceClass.BASE, now=now)
    current = keys.signing_secrets(seller.pk, _KIT, now=now)
    return base, current[0] if current else keys.rotate_signing_key(seller, _KIT, now=now).secret


def joint_application() -> Application | None:
    """Of the demo, once it was applied for."""
    return Application.objects.filter(seller=seller_of(), name=joint().application.name).order_by("pk").first()


def apply_once(road: Road, server: JointServer) -> Application:
    """The credential; its seller's test enterprise is told before this returns."""
    made = joint_application() or _apply(road, server)
    tested = TenantBinding.objects.filter(application=made, subscription=None, status=TenantBinding.Status.BOUND)
    road.wait(tested.exists, "the test enterprise")
    return made


def _apply(road: Road, server: JointServer) -> Application:
    seller, owner = seller_of(), User.objects.get(email=OWNER.email)
    kit = _address(seller, server, KIT, road)
    typed = {"clientSecret": "a secret that is tried", "publicKey": server.public_key}
    for activity in protocol(KIT).activities.values():
        debug_case(road, form_of(kit, activity), owner, typed)
    kit.refresh_from_db()
    wanted = ApplyForCredential(
        name=joint().application.name, mode=Application.Mode.OAUTH2, address=kit, public_key=server.public_key,
        login_kind=Application.LoginKind.SHARED, login_url=f"{server.root}/signin", callback=f"{server.root}/signin/callback",
        asked_fields=joint().application.asked_fields,
    )  # fmt: skip
    settings = road.settings
    return apply_for_credential(
        seller, wanted, most=settings.applications_most, outbound=SANDBOX, actor=owner.email, rules=rules_of(settings),
        now=road.now(),
    ).application  # fmt: skip


def _address(seller: Seller, server: JointServer, spoken: str, road: Road) -> Address:
    standing = Address.objects.filter(seller=seller, url=server.address, protocol=spoken, removed_at=None).first()
    if standing is not None:
        return standing
    signed = road.settings.body_sign == "required"
    return addresses.register(
        seller, url=server.address, protocol=spoken, require_body_sign=signed, outbound=SANDBOX, now=road.now()
    )


def list_once(road: Road, server: JointServer, applied: Application) -> Product:
    """The product on the shelf; as a draft or frozen where a person made it so."""
    owner, operator = (User.objects.get(email=login.email) for login in (OWNER, OPERATOR))
    product = Product.objects.filter(slug=joint().product.slug).first() or _draft(road, server, applied, owner)
    typed: Mapping[str, str] = {"clientSecret": "a secret that is tried", "publicKey": server.public_key}
    debug_missing(road, product, _address(product.seller, server, BASE, road), owner, typed)
    if product.status == Product.Status.DRAFT:
        send(road, product, owner)
        approve(road, product, operator)
        product.refresh_from_db()
    return product


def _draft(road: Road, server: JointServer, applied: Application, owner: User) -> Product:
    said = joint().product
    described = next(one for one in sellers() if one.slug == said.seller)
    address = _address(applied.seller, server, BASE, road)
    proof = hand_in_certificate(
        said.name.en, applied.seller, described.name.en, by=owner, settings=road.settings, now=road.now()
    )
    document = _with(said.document(described, proof=proof), applied)
    with transaction.atomic():
        product = draft_product(applied.seller, document, by=owner, slug=said.slug, now=road.now())
        addresses.bind(product, address)
    return product


def _with(document: Document, applied: Application) -> Document:
    fields = {**document.details.fields, APPLICATION: applied.app_id}
    return replace(document, details=replace(document.details, fields=fields))
