"""Binding a service to an enterprise: the calls to the seller, their order, and refusals (openapi-jointkit §A)."""

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
    make_member_group,
    make_people,
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
def test_seller_gets_enterprise_client_and_departments_in_order() -> None:
    """§A.0: "Buyer binds a purchased app to an enterprise/organisation: tenantSync → applicationSync → allOrgSync"."""
    service = make_joint_service()
    enterprise = make_enterprise(service.buyer, code="acme", name="Acme Ltd")
    make_department(enterprise, "QA")
    binding = make_binding(service, enterprise)
    view = SellersView()
    commands = tell_all(binding, view)
    assert names(commands) == ["SyncTenant·1", "SyncApplication·1", "SyncAllOrgs"]
    tenant, application = commands[0], commands[1]
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
def test_failed_sync_waits_for_the_buyer_and_sends_the_current_state() -> None:
    """§A.5: "On failure the buyer decides whether to retry", here after the last of the retries."""
    binding, view = make_binding(), SellersView()
    tell_next(binding, view)
    stop(binding, view, result=REFUSED)
    assert (status(binding), waiting(binding)) == ("stopped", None)
    Enterprise.objects.filter(pk=binding.enterprise_id).update(name="Renamed meanwhile")
    run.restart(binding.pk, actor="admin", rules=RULES, now=NOW)
    commands = tell_all(binding, view)
    assert names(commands) == ["SyncTenant·2", "SyncApplication·1", "SyncAllOrgs"]
    assert status(binding) == "bound"
    with pytest.raises(Refused, match="nothing to retry"):
        run.restart(binding.pk, actor="admin", rules=RULES, now=NOW)


def test_unconfirmed_call_is_repeated_and_undone_at_the_end() -> None:
    binding, view = make_binding(), SellersView()
    tell_next(binding, view, result=LOST)
    assert view.tenant is not None
    bind.unbind(binding, actor="admin", rules=RULES, now=NOW)
    assert names(tell_all(binding, view)) == ["SyncTenant·0"]
    assert (status(binding), view) == ("unbound", SellersView())


@pytest.mark.slow
def test_binding_that_never_began_ends_without_a_call() -> None:
    binding = make_binding()
    tell_next(binding, result=REFUSED_CONNECTION)
    bind.unbind(binding, actor="admin", rules=RULES, now=NOW)
    assert (status(binding), waiting(binding)) == ("unbound", None)


def test_service_is_bound_once_unless_the_application_takes_several() -> None:
    """§B.1: multi-instance binding "lets several orders of one product bind the same enterprise"."""
    application = make_application()
    first = make_joint_service(application=application)
    enterprise = make_enterprise(first.buyer)
    make_binding(first, enterprise)
    second = make_joint_service(buyer=first.buyer, application=application)
    with pytest.raises(Refused, match="accepts only one"):
        make_binding(second, enterprise)
    with pytest.raises(Refused, match="already"):
        make_binding(first, make_enterprise(first.buyer))
    assert TenantBinding.objects.count() == 1
    application.multi_instance = True
    application.save(update_fields=["multi_instance"])
    second_binding = make_binding(second, enterprise)
    assert client_of(second_binding).application == application


def test_enterprise_has_one_application_for_each_callback() -> None:
    """§B.9: "Two apps with the same callback URL cannot both be bound by one tenant"."""
    first = make_joint_service(callback="https://one.example/callback")
    enterprise = make_enterprise(first.buyer)
    make_binding(first, enterprise)
    other_joint_service = make_joint_service(buyer=first.buyer, callback="https://one.example/callback")
    with pytest.raises(Refused, match="same callback"):
        make_binding(other_joint_service, enterprise)
    assert TenantBinding.objects.count() == 1


@pytest.mark.slow
def test_only_active_joint_services_are_bound() -> None:
    service = make_joint_service()
    enterprise = make_enterprise(service.buyer)
    service.product.application.delete()
    with pytest.raises(Refused, match="This service does not support enterprise sign-in"):
        make_binding(service, enterprise)
    with pytest.raises(Refused, match="account that bought it"):
        make_binding(make_joint_service(), enterprise)
    service = make_joint_service(buyer=service.buyer)
    service.status = "releasing"
    service.save(update_fields=["status"])
    with pytest.raises(Refused, match="while it is in use"):
        make_binding(service, enterprise)
    assert TenantBinding.objects.count() == 0


# --- authorised people --------------------------------------------------------------------------------------------------


def bound(protocol: str = "joint_kit_v2") -> tuple[TenantBinding, SellersView]:
    application = make_application()
    application.address = make_kit_address(application.seller, spoken=protocol)
    application.save(update_fields=["address"])
    binding, view = make_binding(make_joint_service(application=application)), SellersView()
    tell_all(binding, view)
    return TenantBinding.objects.get(pk=binding.pk), view


@pytest.mark.slow
def test_members_are_sent_in_batches_and_withdrawals_come_first() -> None:
    binding, view = bound()
    people = make_people(binding.enterprise, 1203)
    group = make_member_group(binding.enterprise, people[1:])
    authorise.authorise(binding, [people[0].pk], admin=True, rules=RULES, now=NOW)
    authorise.authorise_group(binding, group, rules=RULES, now=NOW)
    commands = tell_all(binding, view)
    assert names(commands) == ["SyncAuth·1·1", "SyncAuth·1·500", "SyncAuth·1·500", "SyncAuth·1·202"]
    assert view.people[people[0].user_name].admin
    assert view.people[people[1].user_name].mobile == "13800000000", "requested and released"
    assert view.people[people[1].user_name].position == "", "not requested"
    assert len(view.people) == 1203
    authorise.withdraw(binding, [people[0].pk], rules=RULES, now=NOW)
    assert names(tell_all(binding, view)) == ["SyncAuth·3·1"]
    authorise.authorise(binding, [people[1].pk], admin=False, rules=RULES, now=NOW)
    authorise.withdraw_group(binding, group, rules=RULES, now=NOW)
    assert names(tell_all(binding, view)) == ["SyncAuth·3·500", "SyncAuth·3·500", "SyncAuth·3·201"]
    assert set(view.people) == {people[1].user_name}


@pytest.mark.slow
def test_first_generation_deletes_withdrawn_members() -> None:
    binding, view = bound("joint_kit_v1")
    [member] = make_people(binding.enterprise, 1)
    authorise.authorise(binding, [member.pk], admin=False, rules=RULES, now=NOW)
    tell_all(binding, view)
    authorise.withdraw(binding, [member.pk], rules=RULES, now=NOW)
    assert names(tell_all(binding, view)) == ["SyncAuth·0·1"]


@pytest.mark.slow
def test_changed_member_is_modified_and_departed_one_deleted() -> None:
    binding, view = bound()
    stays, leaves, unseen = make_people(binding.enterprise, 3)
    authorise.authorise(binding, [stays.pk, leaves.pk], admin=False, rules=RULES, now=NOW)
    tell_all(binding, view)
    Member.objects.filter(pk=stays.pk).update(enabled=False)
    Member.objects.filter(pk=leaves.pk).update(removed_at=NOW, name="")
    outbox.publish(MembersChanged(enterprise=binding.enterprise_id, members=(stays.pk, leaves.pk, unseen.pk)), now=NOW)
    assert names(tell_all(binding, view)) == ["SyncAuth·0·1", "SyncAuth·2·1"]
    assert {name: synced.enabled for name, synced in view.people.items()} == {stays.user_name: False}
    outbox.publish(MembersChanged(enterprise=binding.enterprise_id, members=(stays.pk,)), now=NOW)
    assert tell_all(binding, view) == [], "unchanged members are not sent"


@pytest.mark.slow
def test_group_changes_are_sent() -> None:
    binding, view = bound()
    first, second = make_people(binding.enterprise, 2)
    group = make_member_group(binding.enterprise, [first])
    authorise.authorise_group(binding, group, rules=RULES, now=NOW)
    tell_all(binding, view)
    group.memberships.all().delete()
    group.memberships.create(member=second)
    outbox.publish(MembersChanged(enterprise=binding.enterprise_id, members=(first.pk, second.pk)), now=NOW)
    assert names(tell_all(binding, view)) == ["SyncAuth·3·1", "SyncAuth·1·1"]
    assert set(view.people) == {second.user_name}


@pytest.mark.slow
def test_removed_group_gives_no_right_to_its_members() -> None:
    binding, view = bound()
    first, second = make_people(binding.enterprise, 2)
    group = make_member_group(binding.enterprise, [first, second])
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
def test_change_during_a_batch_is_sent_after_it() -> None:
    binding, view = bound()
    [member] = make_people(binding.enterprise, 1)
    authorise.authorise(binding, [member.pk], admin=False, rules=RULES, now=NOW)
    call = waiting(binding)
    assert call is not None
    batch = command_of(call)
    assert isinstance(batch, SyncAuth)
    leased = lease(call, now=NOW)  # the call is being sent
    authorise.withdraw(binding, [member.pk], rules=RULES, now=NOW)
    view.do(batch)
    end(leased, Done(), now=NOW)
    assert names(tell_all(binding, view)) == ["SyncAuth·3·1"]
    assert view.people == {}


@pytest.mark.slow
def test_withdrawal_overtakes_a_stopped_call() -> None:
    binding, view = bound()
    first_member, second_member = make_people(binding.enterprise, 2)
    authorise.authorise(binding, [first_member.pk], admin=False, rules=RULES, now=NOW)
    tell_all(binding, view)
    authorise.authorise(binding, [second_member.pk], admin=False, rules=RULES, now=NOW)
    stop(binding, view, result=REFUSED)
    assert Sync.objects.get(status="stopped").kind == "authorise"
    authorise.withdraw(binding, [first_member.pk], rules=RULES, now=NOW)
    assert names(tell_all(binding, view)) == ["SyncAuth·3·1"]
    assert view.people == {}, "the stopped call waits for the buyer"
    run.restart(binding.pk, actor="admin", rules=RULES, now=NOW)
    assert names(tell_all(binding, view)) == ["SyncAuth·1·1"]


def test_ended_call_keeps_only_account_names() -> None:
    binding, view = bound()
    [member] = make_people(binding.enterprise, 1)
    authorise.authorise(binding, [member.pk], admin=False, rules=RULES, now=NOW)
    tell_all(binding, view)
    stored_command = Call.objects.get(kind="SyncAuth").command
    assert "13800000000" not in str(stored_command)
    assert member.name not in str(stored_command)
    assert member.user_name in str(stored_command)


@pytest.mark.slow
def test_only_members_of_a_bound_enterprise_are_authorised() -> None:
    binding, _ = bound()
    [stranger] = make_people(make_enterprise(), 1)
    with pytest.raises(Refused, match="no member"):
        authorise.authorise(binding, [stranger.pk], admin=False, rules=RULES, now=NOW)
    with pytest.raises(Refused, match="This group does not exist"):
        authorise.authorise_group(binding, make_member_group(stranger.enterprise, [stranger]), rules=RULES, now=NOW)
    new_binding = make_binding()
    with pytest.raises(Refused, match="Members can be authorised only while the enterprise is bound to the service"):
        authorise.authorise(new_binding, [], admin=False, rules=RULES, now=NOW)
    assert Authorisation.objects.count() == 0


@pytest.mark.slow
def test_dissolved_enterprise_is_unbound_and_its_people_lose_access_at_once() -> None:
    """§A.0: "Organisation dissolved … tenantSync with flag 0"."""
    binding, view = bound()
    [member] = make_people(binding.enterprise, 1)
    authorise.authorise(binding, [member.pk], admin=False, rules=RULES, now=NOW)
    tell_all(binding, view)
    Enterprise.objects.filter(pk=binding.enterprise_id).update(status="dissolved")
    outbox.publish(EnterpriseDissolved(enterprise=binding.enterprise_id), now=NOW)
    react(now=NOW)
    assert status(binding) == "unbinding"
    binding.refresh_from_db()
    assert not binding.gives
    assert not buyer_queries.may_use(binding, member.pk)
    assert buyer_queries.count_authorised(binding) == 0
    assert buyer_queries.authorised_members(binding).rows == []
    commands = tell_all(binding, view)
    assert names(commands) == ["SyncTenant·0"]
    assert (status(binding), view) == ("unbound", SellersView())


@pytest.mark.slow
def test_operator_ends_a_binding_that_the_seller_ignores() -> None:
    binding, view = bound()
    with pytest.raises(Refused, match="A binding can be removed without the seller only while it is being unbound"):
        bind.unbind_without_the_seller(binding, actor="operator", now=NOW)
    bind.unbind(binding, actor="admin", rules=RULES, now=NOW)
    tell_next(binding, view, result=REFUSED)
    assert status(binding) == "unbinding"
    bind.unbind_without_the_seller(binding, actor="operator", now=NOW)
    assert status(binding) == "unbound"
