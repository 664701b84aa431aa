"""A published application moves to another production address: debugged anew, reviewed, then applied to what is bound (openapi-jointkit
§B.1 "save … submit a product modification for approval (needed only when the production address changes) … apply to existing orders";
business-rules §11.2 "approve → update product addresses → update existing orders")."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.factories import make_operator
from tests.factories.companies import approve, owner_of
from tests.factories.joint import make_enterprise, make_kit_address, sync_rules
from tests.factories.people import NOW, make_address
from tests.market.review.published_application import HERE, THERE, Published, other_address, publish_application
from tests.market.review.publishing import replays
from tradepost.market.applications.change import CredentialChange, apply_change, change
from tradepost.market.applications.models import Application, TenantBinding
from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.base.outbound_policy import SANDBOX
from tradepost.market.base.values import replace
from tradepost.market.debugging.debug import delete_case
from tradepost.market.debugging.models import DebugCase
from tradepost.market.identity import keys
from tradepost.market.identity.models import SigningKey
from tradepost.market.production.models import Address, Binding
from tradepost.market.review import decide
from tradepost.market.review.contract import Incomplete
from tradepost.market.review.models import Submission

pytestmark = pytest.mark.django_db
STATUS = Submission.Status


@pytest.fixture
def published() -> Published:
    return publish_application()


def test_it_moves_with_its_product_when_an_operator_agreed_and_what_is_bound_when_its_seller_says(
    published: Published,
) -> None:
    kit, base = other_address(published)
    bound = TenantBinding.objects.create(
        enterprise_id=_enterprise(published), application=published.application, single=True, status="bound",
        address=published.application.address, public_key=published.application.public_key, created_at=NOW,
    )  # fmt: skip
    published.save_cases(base)
    sent = published.ask(kit)
    assert (sent.status, published.at()) == (STATUS.CHECKING, (HERE, HERE))
    replays()
    sent.refresh_from_db()
    assert (sent.status, published.at()) == (STATUS.PENDING, (HERE, HERE))
    approve(sent)
    assert published.at() == (THERE, THERE)
    bound.refresh_from_db()
    assert bound.address.url == HERE
    application = Application.objects.get(pk=published.application.pk)
    assert apply_change(application, [bound.pk], actor="owner", rules=sync_rules(), now=NOW) == 1
    bound.refresh_from_db()
    assert bound.address.url == THERE


def _enterprise(published: Published) -> int:
    return int(make_enterprise(code="acme").pk)


def test_what_is_not_debugged_there_is_named_and_nothing_is_sent(published: Published) -> None:
    """§A.10: "publishing additionally requires the base interfaces on the same address"."""
    seller = published.product.seller
    kit = make_kit_address(seller, url=THERE)
    with pytest.raises(Incomplete) as alone:
        published.ask(kit)
    assert "须使用同一地址" in str(alone.value.findings[0].words)
    make_address(seller, url=THERE)
    with pytest.raises(Incomplete) as lacking:
        published.ask(kit)
    fields = {one.field.split(".")[1] for one in lacking.value.findings}
    assert {"newInstance", "tenantSync", "applicationSync", "authSync", "singleOrgSync", "allOrgSync"} <= fields
    assert (Submission.objects.filter(kind="credential").count(), published.at()) == (0, (HERE, HERE))


def test_a_case_that_fails_or_a_key_that_is_replaced_meanwhile_keeps_it_where_it_is(published: Published) -> None:
    kit, base = other_address(published)
    published.save_cases(base)
    failed = published.ask(kit)
    replays(failing="tenantSync")
    failed.refresh_from_db()
    assert (failed.status, published.at()) == (STATUS.FAILED, (HERE, HERE))
    again = published.ask(kit)
    replays()
    keys.rotate_signing_key(published.product.seller, SigningKey.InterfaceClass.KIT, now=NOW)
    again.refresh_from_db()
    with pytest.raises(Refused, match=r"review\.cases"):
        approve(again)
    again.refresh_from_db()
    assert (again.status, published.at()) == (STATUS.PENDING, (HERE, HERE))


def test_a_rejected_move_changes_nothing(published: Published) -> None:
    kit, base = other_address(published)
    published.save_cases(base)
    sent = published.ask(kit)
    replays()
    sent.refresh_from_db()
    decide.reject(sent, reasons={"credential": "这不是贵公司的域名。"}, by=make_operator(), settings=config(), now=NOW)
    assert published.at() == (HERE, HERE)


# --- nothing goes past the operator ----------------------------------------------------------------------------------------


def test_neither_the_credential_nor_the_addresses_page_moves_it(published: Published) -> None:
    kit, base = other_address(published)
    published.save_cases(base)
    client, served = Client(headers={"accept-language": "en"}), Binding.objects.get(product=published.product).address
    client.force_login(owner_of(published.product.seller))
    for address in (published.application.address, served):
        answer = client.post(f"/seller/addresses/{address.pk}/", {"url": THERE + "/2", "require_body_sign": "on"})
        assert "an operator decides" in answer.text
    moved = client.post(f"/seller/products/{published.product.pk}/bind/", {"address": str(base.pk)}, follow=True)
    assert "an operator decides" in moved.text
    page = f"/seller/applications/{published.application.pk}/change/"
    assert 'name="address"' not in client.get(page).text
    with pytest.raises(Refused, match="an operator agreed"):
        wanted = _same(published.application)
        change(published.application, replace(wanted, address=kit), outbound=SANDBOX)
    assert published.at() == (HERE, HERE)
    assert Address.objects.filter(url__endswith="/2").count() == 0


def _same(application: Application) -> CredentialChange:
    return CredentialChange(
        name=application.name, address=application.address, public_key=application.public_key,
        login_url=application.login_url, multi_instance=False,
    )  # fmt: skip


def test_a_seller_asks_for_it_on_the_page_of_the_application(published: Published) -> None:
    """In both languages; a case that lacks stands there by its name."""
    client = Client(headers={"accept-language": "en"})
    client.force_login(owner_of(published.product.seller))
    page = f"/seller/applications/{published.application.pk}/move/"
    assert "No other address yet" in client.get(page).text
    kit, base = other_address(published)
    published.save_cases(base)
    case = DebugCase.objects.get(address=kit, activity="tenantSync")
    delete_case(case)
    kit.refresh_from_db()
    refused = client.post(page, {"address": str(kit.pk)})
    assert (refused.status_code, "tenantSync" in refused.text) == (422, True)
    published.save_cases(base)
    sent = client.post(page, {"address": str(kit.pk)})
    assert sent.status_code == 302
    assert "A submission of this product is under way" in client.get(page).text
    assert "变更生产地址" in client.get(page, headers={"accept-language": "zh-hans"}).text
    submission = Submission.objects.get(kind="credential")
    assert submission.document["url"] == THERE
