"""An administrator binds a service, says who may use it, and ends it, on the pages of the enterprise."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from django.test import Client

from tests.factories.joint import make_application, make_joint_service
from tests.factories.organisations import make_admin, make_managed
from tests.market.applications.told import stop, tell_all, tell_next
from tests.market.engine import REFUSED_CONNECTION, react
from tradepost.market.applications import buyer_queries
from tradepost.market.applications.models import Authorisation, TenantBinding
from tradepost.market.base import clock
from tradepost.market.organisations import groups
from tradepost.market.organisations.models import Member
from tradepost.market.subscriptions.models import Subscription

pytestmark = pytest.mark.django_db


@dataclass(frozen=True)
class Page:
    client: Client
    admin: Member
    service: Subscription

    def url(self, rest: str = "") -> str:
        return f"/enterprise/{self.admin.enterprise.code}/applications/{rest}"

    def bind(self, *released: str) -> TenantBinding:
        answer = self.client.post(self.url(f"bind/{self.service.pk}/"), {"released": released})
        assert answer.status_code == 302, answer.content.decode()
        return TenantBinding.objects.get()


@pytest.fixture
def page() -> Page:
    service = make_joint_service()
    admin = make_admin(service.buyer)
    client = Client(headers={"accept-language": "en"})
    client.force_login(service.buyer)
    return Page(client, admin, service)


def test_a_service_is_bound_and_its_people_authorised_and_withdrawn(page: Page) -> None:
    assert f"Bind to {page.admin.enterprise.name}" in page.client.get(f"/services/{page.service.pk}/").text
    assert "Mobile number" in page.client.get(page.url(f"bind/{page.service.pk}/")).text
    binding = page.bind("mobile")
    assert binding.released_fields == ["mobile"]
    tell_all(binding)
    one = make_managed(page.admin, "han.mei").member
    at = page.url(f"{binding.pk}/")
    refused = page.client.post(f"{at}authorise/", {"names": "han.mei nobody"})
    assert (refused.status_code, Authorisation.objects.count()) == (422, 0)
    assert "No member has the account name nobody." in refused.text
    page.client.post(f"{at}authorise/", {"names": "Han.Mei", "admin": "on"})
    assert "Not yet" in page.client.get(at).text
    tell_all(binding)
    shown = page.client.get(at).text
    assert "Administers the application" in shown
    assert "Not yet" not in shown
    group = groups.add(page.admin.enterprise, "Testers", by=page.admin, most=9, now=binding.created_at)
    groups.put_in(group, [one.pk], by=page.admin, now=binding.created_at)
    page.client.post(f"{at}groups/give/", {"group": group.pk})
    kept = page.client.post(f"{at}withdraw/", {"member": one.pk}, follow=True)
    assert "A bound group still gives it." in kept.text
    page.client.post(f"{at}groups/take/", {"group": group.pk})
    assert not Authorisation.objects.filter(wanted=True).exists()
    pressed_again = page.client.post(f"{at}withdraw/", {"member": one.pk}, follow=True)
    assert "Nobody signs in with it any more." in pressed_again.text, "no group gives what nobody has"


def test_what_stopped_is_tried_again_and_what_is_unbound_can_be_bound_again(page: Page) -> None:
    binding = page.bind()
    tell_next(binding, result=REFUSED_CONNECTION)
    at = page.url(f"{binding.pk}/")
    shown = page.client.get(at).text
    assert "Synchronisation with the seller failed" in shown
    assert "Next attempt:" in shown
    assert "connection" in shown.lower(), "the reason, too"
    assert "Next attempt:" in page.client.get(page.url()).text
    page.client.post(f"{at}restart/")
    tell_all(binding)
    assert "Synchronisation with the seller failed" not in page.client.get(at).text
    page.client.post(f"{at}unbind/")
    tell_all(binding)
    assert TenantBinding.objects.get().status == "unbound"
    assert f"bind/{page.service.pk}/" in page.client.get(page.url()).text


def test_all_failed_calls_of_the_enterprise_are_retried_at_once(page: Page) -> None:
    assert "Retry all" not in page.client.get(page.url()).text
    binding = page.bind()
    stop(binding, result=REFUSED_CONNECTION)
    assert "Automatic retries have ended." in page.client.get(page.url()).text
    assert "Retry all" in page.client.get(page.url()).text
    page.client.post(page.url("restart/"))
    react(now=clock.now())
    tell_all(binding)
    assert TenantBinding.objects.get().status == "bound"
    again = page.client.post(page.url("restart/"), follow=True)
    assert "nothing to retry" in again.text


def test_a_refusal_stands_on_the_form_and_a_foreign_service_does_not_exist(page: Page) -> None:
    page.bind()
    again = make_joint_service(buyer=page.service.buyer, application=page.service.product.application)
    refused = page.client.post(page.url(f"bind/{again.pk}/"))
    assert (refused.status_code, TenantBinding.objects.count()) == (409, 1)
    assert "takes one" in refused.text
    foreign = make_joint_service(application=make_application())
    assert page.client.post(page.url(f"bind/{foreign.pk}/")).status_code == 404


def test_a_service_can_be_bound_be_it_among_the_listed_or_not(page: Page) -> None:
    application = page.service.product.application
    newer = make_joint_service(buyer=page.service.buyer, application=application)
    assert buyer_queries.bindable(page.service.buyer, most=1) == [newer]
    assert buyer_queries.find_bindable(page.service.buyer, page.service.pk) == page.service
    assert buyer_queries.find_bindable(page.admin.user, make_joint_service().pk) is None, "another buyer's"
    page.bind()
    assert buyer_queries.find_bindable(page.service.buyer, page.service.pk) is None
