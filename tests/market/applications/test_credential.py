"""A seller applies for a credential, tests it, publishes a product with it and changes it (openapi-jointkit §B.1)."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from tests.factories import NOW, make_address, make_product, make_seller
from tests.factories.joint import (
    make_application,
    make_binding,
    make_joint_service,
    make_kit_address,
    make_people,
    public_pem,
    sync_rules,
)
from tests.factories.products import make_document
from tests.market.applications.sellers_view import SellersView
from tests.market.applications.told import names, tell_all, tell_next
from tradepost.market.applications import authorise, publication
from tradepost.market.applications.account_for_tests import make_test_account
from tradepost.market.applications.change import CredentialChange, apply_change, change, differs_from_application
from tradepost.market.applications.credential import PURPOSE, ApplyForCredential, NewCredential, apply_for_credential
from tradepost.market.applications.models import Application, TenantBinding
from tradepost.market.base.errors import Refused
from tradepost.market.base.outbound_policy import PUBLIC, SANDBOX, OutboundPolicy
from tradepost.market.base.secrets import fingerprints
from tradepost.market.base.values import replace
from tradepost.market.catalog.document import APPLICATION, Details
from tradepost.market.identity.models import Seller
from tradepost.market.organisations.models import Enterprise, Member
from tradepost.market.production.models import Address
from tradepost.protocols.commands import Rejected
from tradepost.protocols.sync_commands import SyncTenant

pytestmark = pytest.mark.django_db

RULES = sync_rules()


def application_form(address: Address, **changed: Any) -> ApplyForCredential:
    good = ApplyForCredential(
        name="青榭协同", mode="oauth2", address=address, public_key=public_pem(), login_kind="shared",
        login_url="https://app.qingxie.example/login", callback="https://app.qingxie.example/callback",
        asked_fields=["mobile", "nonsense"],
    )  # fmt: skip
    return replace(good, **changed)


def apply(
    seller: Seller, address: Address, *, outbound: OutboundPolicy = SANDBOX, most: int = 50, **changed: Any
) -> NewCredential:
    return apply_for_credential(
        seller,
        application_form(address, **changed),
        most=most,
        outbound=outbound,
        actor="owner",
        rules=RULES,
        now=NOW,
    )


def test_id_and_secret_are_issued_and_the_test_enterprise_is_synced() -> None:
    """§B.1: "Submit → application ID and secret are issued, and the calls of A.0 row 1 are made"; §A.0: "all with empty
    instanceId/orderId"."""
    seller = make_seller()
    credential = apply(seller, make_kit_address(seller))
    assert credential.application.secret_hash == fingerprints(PURPOSE, credential.secret)[0]
    assert credential.application.asked_fields == ["mobile"]
    view = SellersView()
    commands = tell_all(credential.binding, view)
    assert names(commands) == ["SyncTenant·1", "SyncApplication·1", "SyncAllOrgs"]
    assert isinstance(commands[0], SyncTenant)
    assert (commands[0].instance_id, commands[0].order_id) == ("", "")
    assert Enterprise.objects.get(test_seller=seller).code == commands[0].tenant_code
    second = apply(seller, make_kit_address(seller), login_url="https://b.example/", callback="https://b.example/cb")
    assert second.binding.enterprise_id == credential.binding.enterprise_id, "one test enterprise for all applications"


def key_of(bits: int) -> str:
    key = rsa.generate_private_key(public_exponent=65_537, key_size=bits).public_key()
    return key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()


def curve() -> str:
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    return key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()


@pytest.mark.parametrize(
    ("field", "changed"),
    [
        ("name", {"name": "  "}),
        ("name", {"name": "x" * 65}),
        ("mode", {"mode": "magic"}),
        ("login_kind", {"login_kind": "nobody's"}),
        ("public_key", {"public_key": "no key"}),
        ("public_key", {"public_key": key_of(2048)}),
        ("public_key", {"public_key": curve()}),
        ("login_url", {"login_url": ""}),
        ("login_url", {"login_url": "http://app.qingxie.example/"}),
        ("login_url", {"login_url": "https://10.0.0.1/"}),
        ("login_url", {"login_url": "https://app.qingxie.example:8443/"}),
        ("callback", {"callback": ""}),
        ("callback", {"callback": "https://app.qingxie.example/#here"}),
    ],
)
def test_invalid_field_is_refused_and_nothing_is_created(field: str, changed: dict[str, Any]) -> None:
    seller = make_seller()
    with pytest.raises(Refused) as refusal:
        apply(seller, make_kit_address(seller), outbound=PUBLIC, **changed)
    assert refusal.value.field == field
    assert not Application.objects.exists()
    assert not Enterprise.objects.exists()


def test_body_of_the_key_is_accepted_and_a_sandbox_accepts_loopback() -> None:
    """§A.10: "PEM body without the BEGIN/END lines"."""
    seller = make_seller()
    body = "".join(public_pem().splitlines()[1:-1])
    credential = apply(seller, make_kit_address(seller), public_key=body, login_url="http://127.0.0.1:9000/login")
    assert credential.application.public_key == public_pem()


def test_sdk_integration_needs_no_callback() -> None:
    seller = make_seller()
    assert apply(seller, make_kit_address(seller), mode="sdk", callback="").application.callback == ""


def test_address_belongs_to_the_seller_speaks_the_kit_and_was_debugged() -> None:
    seller = make_seller()
    undebugged = make_kit_address(seller)
    undebugged.proven = ["tenantSync"]
    for address, message in (
        (make_kit_address(make_seller()), "one of your production addresses"),
        (make_address(seller), "one of your production addresses"),
        (undebugged, "applicationSync, authSync, singleOrgSync, allOrgSync"),
    ):
        with pytest.raises(Refused, match=message) as refusal:
            apply(seller, address)
        assert refusal.value.field == "address"
    assert not Application.objects.exists()


def test_login_address_is_unique_and_applications_are_limited() -> None:
    seller = make_seller()
    apply(seller, make_kit_address(seller))
    other_seller = make_seller()
    with pytest.raises(Refused, match="login address") as refusal:
        apply(other_seller, make_kit_address(other_seller))
    assert refusal.value.field == "login_url"
    with pytest.raises(Refused, match="at most 1"):
        apply(seller, make_kit_address(seller), most=1, login_url="https://b.example/")
    assert Application.objects.count() == 1


def test_test_account_is_created_after_the_test_enterprise_is_bound() -> None:
    """§B.1: "returns domain, tenant id, account, password; triggers authSync"."""
    seller = make_seller()
    credential, view = apply(seller, make_kit_address(seller)), SellersView()
    with pytest.raises(Refused, match="Your server must synchronize"):
        make_test_account(credential.application, admin=True, most=100, rules=RULES, now=NOW)
    assert not Member.objects.exists()
    tell_all(credential.binding, view)
    account = make_test_account(credential.application, admin=True, most=100, rules=RULES, now=NOW)
    enterprise = Enterprise.objects.get(test_seller=seller)
    assert (account.account, account.tenant_id) == (f"tester1@{enterprise.code}", enterprise.public_id)
    assert account.domain == RULES.domain(enterprise.code)
    assert names(tell_all(credential.binding, view)) == ["SyncAuth·1·1"]
    assert view.people["tester1"].admin
    member = Member.objects.select_related("user").get(enterprise=enterprise)
    assert member.user.check_password(account.password)


# --- products -----------------------------------------------------------------------------------------------------------


def named(app_id: str) -> Any:
    return replace(make_document(), details=Details(fields={APPLICATION: app_id} if app_id else {}))


def test_product_keeps_its_credential() -> None:
    """§B.1: "Once a product is published its associated credential cannot be exchanged for another one"."""
    seller = make_seller()
    kit = make_kit_address(seller, url="https://api.qingxie.example/produce")
    base = make_address(seller, url="https://api.qingxie.example/produce")
    product = make_product(seller, address=base, on_sale=False)
    application, other_application = make_application(seller, address=kit), make_application(seller, address=kit)
    document = named(application.app_id)
    assert publication.publication_obstacle(product, document, base, listed=None) == ""
    elsewhere = make_address(seller)
    assert "must share one address" in publication.publication_obstacle(product, document, elsewhere, listed=None)
    assert "no longer exists" in publication.publication_obstacle(
        product, named(make_application().app_id), base, listed=None
    )
    publication.attach_application(product, document)
    assert Application.objects.get(pk=application.pk).product == product
    assert "cannot change the application credential" in publication.publication_obstacle(
        product, named(other_application.app_id), base, listed=document
    )
    assert "cannot change the application credential" in publication.publication_obstacle(
        product, named(""), base, listed=document
    )
    second = make_product(seller, address=base, on_sale=False)
    assert "Another product" in publication.publication_obstacle(second, document, base, listed=None)
    with pytest.raises(Refused, match="Another product"):
        publication.attach_application(second, document)
    assert publication.available_applications(seller, second) == [other_application]


# --- changes ------------------------------------------------------------------------------------------------------------


def credential_change(application: Application, **changed: Any) -> CredentialChange:
    same = CredentialChange(
        name=application.name, address=application.address, public_key=application.public_key,
        login_url=application.login_url, multi_instance=application.multi_instance, asked_fields=application.asked_fields,
    )  # fmt: skip
    return replace(same, **changed)


@pytest.mark.slow
def test_new_key_is_applied_by_encrypting_the_secret_again() -> None:
    """§B.1: "apply to existing orders … the newest address, login address and key"; A.6: flag 2."""
    binding, view = make_binding(make_joint_service()), SellersView()
    tell_all(binding, view)
    binding = TenantBinding.objects.select_related("application").get(pk=binding.pk)
    application, key = binding.application, key_of(3072)
    change(application, credential_change(application, public_key=key), outbound=SANDBOX)
    binding = TenantBinding.objects.select_related("application").get(pk=binding.pk)
    assert (differs_from_application(binding), tell_all(binding, view)) == (True, [])
    other_application = make_application()
    assert apply_change(other_application, [binding.pk], actor="owner", rules=RULES, now=NOW) == 0
    assert apply_change(application, [binding.pk], actor="owner", rules=RULES, now=NOW) == 1
    assert names(tell_all(binding, view)) == ["SyncApplication·2"]
    assert apply_change(application, [binding.pk], actor="owner", rules=RULES, now=NOW) == 0


@pytest.mark.slow
def test_stopped_calls_go_to_the_new_address() -> None:
    binding, view = make_binding(make_joint_service()), SellersView()
    tell_next(binding, view, result=Rejected(code="000005", message="", retryable=True))
    application = TenantBinding.objects.select_related("application__seller").get(pk=binding.pk).application
    application.product = None
    application.save(update_fields=["product"])
    change(application, credential_change(application, address=make_kit_address(application.seller)), outbound=SANDBOX)
    apply_change(application, [binding.pk], actor="owner", rules=RULES, now=NOW)
    assert names(tell_all(binding, view))[0] == "SyncTenant·1"
    assert TenantBinding.objects.get(pk=binding.pk).status == "bound"


def test_several_instances_cannot_be_switched_off_and_share_one_address() -> None:
    service = make_joint_service(multi_instance=True)
    application = service.product.application
    with pytest.raises(Refused, match="You cannot turn this off"):
        change(application, credential_change(application, multi_instance=False), outbound=SANDBOX)
    with pytest.raises(
        Refused,
        match="an operator must approve a change of its production address",
    ):
        change(
            application, credential_change(application, address=make_kit_address(application.seller)), outbound=SANDBOX
        )
    used_login_url = make_application().login_url
    with pytest.raises(Refused, match="login address"):
        change(application, credential_change(application, login_url=used_login_url), outbound=SANDBOX)


@pytest.mark.slow
def test_unreleased_or_unrequested_fields_are_not_sent() -> None:
    binding, view = make_binding(make_joint_service(asked_fields=["mobile", "position"])), SellersView()
    tell_all(binding, view)
    binding = TenantBinding.objects.select_related("enterprise").get(pk=binding.pk)
    [member] = make_people(binding.enterprise, 1)
    authorise.authorise(binding, [member.pk], admin=False, rules=RULES, now=NOW)
    tell_all(binding, view)
    synced_person = view.people[member.user_name]
    assert (synced_person.mobile, synced_person.position, synced_person.email) == ("13800000000", "", "")
