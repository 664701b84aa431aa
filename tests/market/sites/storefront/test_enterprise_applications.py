"""An administrator binds a service, assigns its users, and ends it, on the pages of the enterprise."""

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


def test_service_is_bound_and_its_people_authorised_and_withdrawn(page: Page) -> None:
    assert f"Bind to {page.admin.enterprise.name}" in page.client.get(f"/services/{page.service.pk}/").text
    assert "Mobile number" in page.client.get(page.url(f"bind/{page.service.pk}/")).text
    binding = page.bind("mobile")
    assert binding.released_fields == ["mobile"]
    tell_all(binding)
    member = make_managed(page.admin, "han.mei").member
    at = page.url(f"{binding.pk}/")
    refused = page.client.post(f"{at}authorise/", {"people": ["0"]})
    assert (refused.status_code, Authorisation.objects.count()) == (422, 0)
    assert "One of the selected people is no longer a member of this enterprise." in refused.text
    page.client.post(f"{at}authorise/", {"people": [member.pk], "admin": "on"})
    assert "Not yet" in page.client.get(at).text
    tell_all(binding)
    shown = page.client.get(at).text
    assert "Administers the application" in shown
    assert "Not yet" not in shown
    group = groups.add(page.admin.enterprise, "Testers", by=page.admin, most=9, now=binding.created_at)
    groups.add_members(group, [member.pk], by=page.admin, now=binding.created_at)
    page.client.post(f"{at}groups/", {"group": group.pk})
    response = page.client.post(f"{at}withdraw/", {"member": member.pk}, follow=True)
    assert "The person keeps access through a group or a department." in response.text
    page.client.post(f"{at}groups/withdraw/", {"group": group.pk})
    assert not Authorisation.objects.filter(wanted=True).exists()
    pressed_again = page.client.post(f"{at}withdraw/", {"member": member.pk}, follow=True)
    assert "The person can no longer use the application." in pressed_again.text, "no group gives what nobody has"


def test_stopped_binding_is_retried_and_an_ended_one_can_be_bound_again(page: Page) -> None:
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
    response = page.client.post(page.url("restart/"), follow=True)
    assert "nothing to retry" in response.text


def test_refusal_is_shown_on_the_form_and_a_foreign_service_is_not_found(page: Page) -> None:
    page.bind()
    another_service = make_joint_service(buyer=page.service.buyer, application=page.service.product.application)
    refused = page.client.post(page.url(f"bind/{another_service.pk}/"))
    assert (refused.status_code, TenantBinding.objects.count()) == (422, 1)
    assert "accepts only one" in refused.text
    foreign = make_joint_service(application=make_application())
    assert page.client.post(page.url(f"bind/{foreign.pk}/")).status_code == 404


def test_listed_and_unlisted_services_can_be_bound(page: Page) -> None:
    application = page.service.product.application
    newer = make_joint_service(buyer=page.service.buyer, application=application)
    assert buyer_queries.bindable(page.service.buyer, most=1) == [newer]
    assert buyer_queries.find_bindable(page.service.buyer, page.service.pk) == page.service
    assert buyer_queries.find_bindable(page.admin.user, make_joint_service().pk) is None, "another buyer's"
    page.bind()
    assert buyer_queries.find_bindable(page.service.buyer, page.service.pk) is None


def test_list_links_to_no_binding_without_a_page(page: Page) -> None:
    """issue 27, must show 2: the list linked to a binding without a service, whose page returns 404."""
    binding = page.bind()
    link = page.url(f"{binding.pk}/")
    assert link in page.client.get(page.url()).text
    TenantBinding.objects.filter(pk=binding.pk).update(subscription=None)
    assert page.client.get(link).status_code == 404
    assert link not in page.client.get(page.url()).text
