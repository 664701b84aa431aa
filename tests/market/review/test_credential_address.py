"""A published application moves to another production address: it is debugged again, reviewed, then applied to bound
services (openapi-jointkit §B.1 "save … submit a product modification for approval (needed only when the production
address changes) … apply to existing orders"; business-rules §11.2 "approve → update product addresses → update existing
orders").
"""

from __future__ import annotations

import pytest
from django.test import Client

from tests.factories import make_operator
from tests.factories.companies import approve, owner_of
from tests.factories.joint import make_enterprise, make_kit_address, sync_rules
from tests.factories.people import NOW, make_address
from tests.market.review.published_application import HERE, THERE, Published, other_addresses, publish_application
from tests.market.review.publishing import end_replay
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


def test_application_moves_with_its_product_after_approval_and_bound_services_on_the_sellers_request(
    published: Published,
) -> None:
    kit, base = other_addresses(published)
    bound = TenantBinding.objects.create(
        enterprise_id=_enterprise(published), application=published.application, single=True, status="bound",
        address=published.application.address, public_key=published.application.public_key, created_at=NOW,
    )  # fmt: skip
    published.save_cases(base)
    sent = published.ask(kit)
    assert (sent.status, published.addresses()) == (STATUS.CHECKING, (HERE, HERE))
    end_replay()
    sent.refresh_from_db()
    assert (sent.status, published.addresses()) == (STATUS.PENDING, (HERE, HERE))
    approve(sent)
    assert published.addresses() == (THERE, THERE)
    bound.refresh_from_db()
    assert bound.address.url == HERE
    application = Application.objects.get(pk=published.application.pk)
    assert apply_change(application, [bound.pk], actor="owner", rules=sync_rules(), now=NOW) == 1
    bound.refresh_from_db()
    assert bound.address.url == THERE


def _enterprise(published: Published) -> int:
    return int(make_enterprise(code="acme").pk)


def test_missing_cases_at_the_new_address_are_named_and_nothing_is_sent(published: Published) -> None:
    """§A.10: "publishing additionally requires the base interfaces on the same address"."""
    seller = published.product.seller
    kit = make_kit_address(seller, url=THERE)
    with pytest.raises(Incomplete) as alone:
        published.ask(kit)
    assert "须使用同一地址" in str(alone.value.findings[0].words)
    make_address(seller, url=THERE)
    with pytest.raises(Incomplete) as lacking:
        published.ask(kit)
    fields = {finding.field.split(".")[1] for finding in lacking.value.findings}
    assert {"newInstance", "tenantSync", "applicationSync", "authSync", "singleOrgSync", "allOrgSync"} <= fields
    assert (Submission.objects.filter(kind="credential").count(), published.addresses()) == (0, (HERE, HERE))


def test_failing_case_or_replaced_key_stops_the_move(published: Published) -> None:
    kit, base = other_addresses(published)
    published.save_cases(base)
    failed = published.ask(kit)
    end_replay(failing="tenantSync")
    failed.refresh_from_db()
    assert (failed.status, published.addresses()) == (STATUS.FAILED, (HERE, HERE))
    second_submission = published.ask(kit)
    end_replay()
    keys.rotate_signing_key(published.product.seller, SigningKey.InterfaceClass.KIT, now=NOW)
    second_submission.refresh_from_db()
    with pytest.raises(Refused, match=r"review\.cases"):
        approve(second_submission)
    second_submission.refresh_from_db()
    assert (second_submission.status, published.addresses()) == (STATUS.PENDING, (HERE, HERE))


def test_rejected_move_changes_nothing(published: Published) -> None:
    kit, base = other_addresses(published)
    published.save_cases(base)
    sent = published.ask(kit)
    end_replay()
    sent.refresh_from_db()
    decide.reject(sent, reasons={"credential": "这不是贵公司的域名。"}, by=make_operator(), settings=config(), now=NOW)
    assert published.addresses() == (HERE, HERE)


# --- the move needs an operator -------------------------------------------------------------------------------------------


def test_credential_and_address_pages_cannot_move_it(published: Published) -> None:
    kit, base = other_addresses(published)
    published.save_cases(base)
    client, served = Client(headers={"accept-language": "en"}), Binding.objects.get(product=published.product).address
    client.force_login(owner_of(published.product.seller))
    for address in (published.application.address, served):
        answer = client.post(f"/seller/addresses/{address.pk}/", {"url": THERE + "/2", "require_body_sign": "on"})
        assert "An operator reviews the request" in answer.text
    moved = client.post(f"/seller/products/{published.product.pk}/bind/", {"address": str(base.pk)}, follow=True)
    assert "An operator reviews the request" in moved.text
    page = f"/seller/applications/{published.application.pk}/change/"
    assert 'name="address"' not in client.get(page).text
    with pytest.raises(
        Refused,
        match="an operator must approve a change of its production address",
    ):
        expected = _same(published.application)
        change(published.application, replace(expected, address=kit), outbound=SANDBOX)
    assert published.addresses() == (HERE, HERE)
    assert Address.objects.filter(url__endswith="/2").count() == 0


def _same(application: Application) -> CredentialChange:
    return CredentialChange(
        name=application.name, address=application.address, public_key=application.public_key,
        login_url=application.login_url, multi_instance=False,
    )  # fmt: skip


@pytest.mark.slow
def test_seller_requests_the_move_on_the_page_of_the_application(published: Published) -> None:
    """In both languages; a missing case is shown by its name."""
    client = Client(headers={"accept-language": "en"})
    client.force_login(owner_of(published.product.seller))
    page = f"/seller/applications/{published.application.pk}/move/"
    assert "No other addresses yet" in client.get(page).text
    kit, base = other_addresses(published)
    published.save_cases(base)
    case = DebugCase.objects.get(address=kit, activity="tenantSync")
    delete_case(case)
    kit.refresh_from_db()
    refused = client.post(page, {"address": str(kit.pk)})
    assert (refused.status_code, "tenantSync" in refused.text) == (422, True)
    published.save_cases(base)
    sent = client.post(page, {"address": str(kit.pk)})
    assert sent.status_code == 302
    assert "A submission of this product is in progress" in client.get(page).text
    assert "变更生产地址" in client.get(page, headers={"accept-language": "zh-hans"}).text
    submission = Submission.objects.get(kind="credential")
    assert submission.document["url"] == THERE
