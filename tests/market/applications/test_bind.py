"""A service is bound to an enterprise: what its seller is told, in which order, and what becomes of refusals (openapi-jointkit §A)."""

from __future__ import annotations

import pytest

from tests.factories import NOW
from tests.factories.joint import (
    make_application,
    make_binding,
    make_department,
    make_enterprise,
    make_joint_service,
    make_kit_address,
    make_people,
    make_people_group,
    private_pem,
    sync_rules,
)
from tests.market.applications.sellers_view import SellersView
from tests.market.applications.told import command_of, names, stop, tell_all, tell_next, waiting
from tests.market.engine import LOST, REFUSED_CONNECTION, end, lease, react
from tradepost.market.applications import authorise, bind, buyer_queries, run
from tradepost.market.applications.clients import client_of, secret_of
from tradepost.market.applications.models import Authorisation, Sync, TenantBinding
from tradepost.market.base import outbox
from tradepost.market.base.errors import Refused
from tradepost.market.organisations.events import EnterpriseDissolved, GroupRemoved, MembersChanged
from tradepost.market.organisations.models import Enterprise, Member
from tradepost.market.production.models import Call
from tradepost.protocols.client_secret import decrypt
from tradepost.protocols.commands import Done, Rejected
from tradepost.protocols.sync_commands import SyncApplication, SyncAuth, SyncTenant

pytestmark = pytest.mark.django_db

RULES = sync_rules()
REFUSED = Rejected(code="000005", message="busy", retryable=True)


def status(binding: TenantBinding) -> str:
    return TenantBinding.objects.get(pk=binding.pk).status


@pytest.mark.slow
def test_the_seller_is_told_of_enterprise_client_and_departments_in_this_order() -> None:
    """§A.0: "Buyer binds a purchased app to an enterprise/organisation: tenantSync → applicationSync → allOrgSync"."""
    service = make_joint_service()
    enterprise = make_enterprise(service.buyer, code="acme", name="Acme Ltd")
    make_department(enterprise, "QA")
    binding = make_binding(service, enterprise)
    view = SellersView()
    told = tell_all(binding, view)
    assert names(told) == ["SyncTenant·1", "SyncApplication·1", "SyncAllOrgs"]
    tenant, application = told[0], told[1]
    assert isinstance(tenant, SyncTenant)
    assert isinstance(application, SyncApplication)
    assert (tenant.instance_id, tenant.order_id) == (service.instance_id, service.order_line_number[:-7])
    assert (tenant.tenant_id, tenant.tenant_code, tenant.name) == (enterprise.public_id, "acme", "Acme Ltd")
    assert tenant.domain_name.endswith("/t/acme")
    assert decrypt(application.encrypted_secret, private_pem()) == secret_of(client_of(binding))
    assert set(view.departments) == {"HQ", "QA"}
    assert status(binding) == "bound"
    assert Call.objects.filter(purpose="sync", subscription=service, order_number=tenant.order_id).count() == 3


@pytest.mark.slow
def test_a_failed_sync_waits_for_the_buyer_and_is_told_anew_as_it_is_then() -> None:
    """§A.5: "On failure the buyer decides whether to retry", here after the last of the retries."""
    binding, view = make_binding(), SellersView()
    tell_next(binding, view)
    stop(binding, view, result=REFUSED)
    assert (status(binding), waiting(binding)) == ("stopped", None)
    Enterprise.objects.filter(pk=binding.enterprise_id).update(name="Renamed meanwhile")
    run.restart(binding.pk, actor="admin", rules=RULES, now=NOW)
    told = tell_all(binding, view)
    assert names(told) == ["SyncTenant·2", "SyncApplication·1", "SyncAllOrgs"]
    assert status(binding) == "bound"
    with pytest.raises(Refused, match="nothing to retry"):
        run.restart(binding.pk, actor="admin", rules=RULES, now=NOW)


def test_what_may_have_been_done_is_added_again_and_taken_back_in_the_end() -> None:
    binding, view = make_binding(), SellersView()
    tell_next(binding, view, result=LOST)
    assert view.tenant is not None
    bind.unbind(binding, actor="admin", rules=RULES, now=NOW)
    assert names(tell_all(binding, view)) == ["SyncTenant·0"]
    assert (status(binding), view) == ("unbound", SellersView())


@pytest.mark.slow
def test_nobody_is_told_of_the_end_of_what_was_never_begun() -> None:
    binding = make_binding()
    tell_next(binding, result=REFUSED_CONNECTION)
    bind.unbind(binding, actor="admin", rules=RULES, now=NOW)
    assert (status(binding), waiting(binding)) == ("unbound", None)


def test_one_service_of_an_application_for_an_enterprise_unless_it_takes_several() -> None:
    """§B.1: multi-instance binding "lets several orders of one product bind the same enterprise"."""
    application = make_application()
    first = make_joint_service(application=application)
    enterprise = make_enterprise(first.buyer)
    make_binding(first, enterprise)
    second = make_joint_service(buyer=first.buyer, application=application)
    with pytest.raises(Refused, match="takes one"):
        make_binding(second, enterprise)
    with pytest.raises(Refused, match="already"):
        make_binding(first, make_enterprise(first.buyer))
    assert TenantBinding.objects.count() == 1
    application.multi_instance = True
    application.save(update_fields=["multi_instance"])
    several = make_binding(second, enterprise)
    assert client_of(several).application == application


def test_an_enterprise_has_one_application_for_each_callback() -> None:
    """§B.9: "Two apps with the same callback URL cannot both be bound by one tenant"."""
    first = make_joint_service(callback="https://one.example/callback")
    enterprise = make_enterprise(first.buyer)
    make_binding(first, enterprise)
    other = make_joint_service(buyer=first.buyer, callback="https://one.example/callback")
    with pytest.raises(Refused, match="same callback"):
        make_binding(other, enterprise)
    assert TenantBinding.objects.count() == 1


@pytest.mark.slow
def test_what_is_no_joint_product_or_not_in_use_is_not_bound() -> None:
    service = make_joint_service()
    enterprise = make_enterprise(service.buyer)
    service.product.application.delete()
    with pytest.raises(Refused, match="do not sign in"):
        make_binding(service, enterprise)
    with pytest.raises(Refused, match="account that bought it"):
        make_binding(make_joint_service(), enterprise)
    service = make_joint_service(buyer=service.buyer)
    service.status = "releasing"
    service.save(update_fields=["status"])
    with pytest.raises(Refused, match="while it is in use"):
        make_binding(service, enterprise)
    assert TenantBinding.objects.count() == 0


# --- who may use it -----------------------------------------------------------------------------------------------------


def bound(protocol: str = "joint_kit_v2") -> tuple[TenantBinding, SellersView]:
    application = make_application()
    application.address = make_kit_address(application.seller, spoken=protocol)
    application.save(update_fields=["address"])
    binding, view = make_binding(make_joint_service(application=application)), SellersView()
    tell_all(binding, view)
    return TenantBinding.objects.get(pk=binding.pk), view


@pytest.mark.slow
def test_members_by_hand_and_by_group_in_batches_and_withdrawn_first() -> None:
    binding, view = bound()
    people = make_people(binding.enterprise, 1203)
    group = make_people_group(binding.enterprise, people[1:])
    authorise.authorise(binding, [people[0].pk], admin=True, rules=RULES, now=NOW)
    authorise.authorise_group(binding, group, rules=RULES, now=NOW)
    told = tell_all(binding, view)
    assert names(told) == ["SyncAuth·1·1", "SyncAuth·1·500", "SyncAuth·1·500", "SyncAuth·1·202"]
    assert view.people[people[0].user_name].admin
    assert view.people[people[1].user_name].mobile == "13800000000", "asked for and released"
    assert view.people[people[1].user_name].position == "", "not asked for"
    assert len(view.people) == 1203
    authorise.withdraw(binding, [people[0].pk], rules=RULES, now=NOW)
    assert names(tell_all(binding, view)) == ["SyncAuth·3·1"]
    authorise.authorise(binding, [people[1].pk], admin=False, rules=RULES, now=NOW)
    authorise.withdraw_group(binding, group, rules=RULES, now=NOW)
    assert names(tell_all(binding, view)) == ["SyncAuth·3·500", "SyncAuth·3·500", "SyncAuth·3·201"]
    assert set(view.people) == {people[1].user_name}


@pytest.mark.slow
def test_the_first_generation_deletes_who_is_withdrawn() -> None:
    binding, view = bound("joint_kit_v1")
    [one] = make_people(binding.enterprise, 1)
    authorise.authorise(binding, [one.pk], admin=False, rules=RULES, now=NOW)
    tell_all(binding, view)
    authorise.withdraw(binding, [one.pk], rules=RULES, now=NOW)
    assert names(tell_all(binding, view)) == ["SyncAuth·0·1"]


@pytest.mark.slow
def test_a_member_who_changes_is_modified_and_one_who_leaves_is_deleted() -> None:
    binding, view = bound()
    stays, leaves, unseen = make_people(binding.enterprise, 3)
    authorise.authorise(binding, [stays.pk, leaves.pk], admin=False, rules=RULES, now=NOW)
    tell_all(binding, view)
    Member.objects.filter(pk=stays.pk).update(enabled=False)
    Member.objects.filter(pk=leaves.pk).update(removed_at=NOW, name="")
    outbox.publish(MembersChanged(enterprise=binding.enterprise_id, members=(stays.pk, leaves.pk, unseen.pk)), now=NOW)
    assert names(tell_all(binding, view)) == ["SyncAuth·0·1", "SyncAuth·2·1"]
    assert {name: one.enabled for name, one in view.people.items()} == {stays.user_name: False}
    outbox.publish(MembersChanged(enterprise=binding.enterprise_id, members=(stays.pk,)), now=NOW)
    assert tell_all(binding, view) == [], "nothing of them is different"


@pytest.mark.slow
def test_who_joins_a_bound_group_is_told_and_who_leaves_it_is_taken_back() -> None:
    binding, view = bound()
    first, second = make_people(binding.enterprise, 2)
    group = make_people_group(binding.enterprise, [first])
    authorise.authorise_group(binding, group, rules=RULES, now=NOW)
    tell_all(binding, view)
    group.memberships.all().delete()
    group.memberships.create(member=second)
    outbox.publish(MembersChanged(enterprise=binding.enterprise_id, members=(first.pk, second.pk)), now=NOW)
    assert names(tell_all(binding, view)) == ["SyncAuth·3·1", "SyncAuth·1·1"]
    assert set(view.people) == {second.user_name}


@pytest.mark.slow
def test_a_group_that_was_removed_gives_nothing_though_its_members_have_not_left_it_yet() -> None:
    binding, view = bound()
    first, second = make_people(binding.enterprise, 2)
    group = make_people_group(binding.enterprise, [first, second])
    authorise.authorise_group(binding, group, rules=RULES, now=NOW)
    tell_all(binding, view)
    type(group).objects.filter(pk=group.pk).update(removed_at=NOW)
    assert buyer_queries.groups_bound(binding) == []
    outbox.publish(MembersChanged(enterprise=binding.enterprise_id, members=(first.pk,)), now=NOW)
    assert names(tell_all(binding, view)) == ["SyncAuth·3·1"]
    outbox.publish(GroupRemoved(enterprise=binding.enterprise_id, group=group.pk), now=NOW)
    assert names(tell_all(binding, view)) == ["SyncAuth·3·1"]
    assert view.people == {}


@pytest.mark.slow
def test_a_change_while_a_batch_is_under_way_is_told_after_it() -> None:
    binding, view = bound()
    [one] = make_people(binding.enterprise, 1)
    authorise.authorise(binding, [one.pk], admin=False, rules=RULES, now=NOW)
    call = waiting(binding)
    assert call is not None
    sent = command_of(call)
    assert isinstance(sent, SyncAuth)
    leased = lease(call, now=NOW)  # it is being sent
    authorise.withdraw(binding, [one.pk], rules=RULES, now=NOW)
    view.do(sent)
    end(leased, Done(), now=NOW)
    assert names(tell_all(binding, view)) == ["SyncAuth·3·1"]
    assert view.people == {}


@pytest.mark.slow
def test_a_withdrawal_passes_by_what_stands_still() -> None:
    binding, view = bound()
    one, other = make_people(binding.enterprise, 2)
    authorise.authorise(binding, [one.pk], admin=False, rules=RULES, now=NOW)
    tell_all(binding, view)
    authorise.authorise(binding, [other.pk], admin=False, rules=RULES, now=NOW)
    stop(binding, view, result=REFUSED)
    assert Sync.objects.get(status="stopped").kind == "authorise"
    authorise.withdraw(binding, [one.pk], rules=RULES, now=NOW)
    assert names(tell_all(binding, view)) == ["SyncAuth·3·1"]
    assert view.people == {}, "the other one waits for the buyer"
    run.restart(binding.pk, actor="admin", rules=RULES, now=NOW)
    assert names(tell_all(binding, view)) == ["SyncAuth·1·1"]


def test_a_call_that_ended_keeps_nothing_of_people_but_their_accounts() -> None:
    binding, view = bound()
    [one] = make_people(binding.enterprise, 1)
    authorise.authorise(binding, [one.pk], admin=False, rules=RULES, now=NOW)
    tell_all(binding, view)
    kept = Call.objects.get(kind="SyncAuth").command
    assert "13800000000" not in str(kept)
    assert one.name not in str(kept)
    assert one.user_name in str(kept)


@pytest.mark.slow
def test_a_stranger_is_not_authorised_and_nobody_before_it_is_bound() -> None:
    binding, _ = bound()
    [stranger] = make_people(make_enterprise(), 1)
    with pytest.raises(Refused, match="no member"):
        authorise.authorise(binding, [stranger.pk], admin=False, rules=RULES, now=NOW)
    with pytest.raises(Refused, match="no such group"):
        authorise.authorise_group(binding, make_people_group(stranger.enterprise, [stranger]), rules=RULES, now=NOW)
    begun = make_binding()
    with pytest.raises(Refused, match="once the enterprise is bound"):
        authorise.authorise(begun, [], admin=False, rules=RULES, now=NOW)
    assert Authorisation.objects.count() == 0


@pytest.mark.slow
def test_a_dissolved_enterprise_is_unbound_everywhere_and_its_people_lose_the_right_at_once() -> None:
    """§A.0: "Organisation dissolved … tenantSync with flag 0"."""
    binding, view = bound()
    [one] = make_people(binding.enterprise, 1)
    authorise.authorise(binding, [one.pk], admin=False, rules=RULES, now=NOW)
    tell_all(binding, view)
    Enterprise.objects.filter(pk=binding.enterprise_id).update(status="dissolved")
    outbox.publish(EnterpriseDissolved(enterprise=binding.enterprise_id), now=NOW)
    react(now=NOW)
    assert status(binding) == "unbinding"
    binding.refresh_from_db()
    assert not binding.gives
    assert not buyer_queries.still_may(binding, one.pk)
    assert buyer_queries.how_many(binding) == 0
    assert buyer_queries.rights_of(binding).rows == []
    told = tell_all(binding, view)
    assert names(told) == ["SyncTenant·0"]
    assert (status(binding), view) == ("unbound", SellersView())


@pytest.mark.slow
def test_an_operator_ends_what_the_seller_does_not_take_note_of() -> None:
    binding, view = bound()
    with pytest.raises(Refused, match="Only what is being unbound"):
        bind.unbind_without_the_seller(binding, actor="operator", now=NOW)
    bind.unbind(binding, actor="admin", rules=RULES, now=NOW)
    tell_next(binding, view, result=REFUSED)
    assert status(binding) == "unbinding"
    bind.unbind_without_the_seller(binding, actor="operator", now=NOW)
    assert status(binding) == "unbound"
