"""Two people, or a person and a worker, at the same moment: one binding for a service, and no authorisation survives
its withdrawal."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.factories import NOW
from tests.factories.joint import make_binding, make_enterprise, make_joint_service, make_people, sync_rules
from tests.market.applications.sellers_view import SellersView
from tests.market.applications.told import tell_all, tell_next, waiting
from tests.market.at_once import at_once
from tests.market.engine import REFUSED_CONNECTION, end, lease
from tradepost.market.applications import authorise, bind, run
from tradepost.market.applications.models import Authorisation, Client, Sync, TenantBinding
from tradepost.market.organisations.models import Enterprise
from tradepost.market.subscriptions.models import Subscription
from tradepost.protocols.commands import Done

pytestmark = pytest.mark.django_db(transaction=True)

RULES = sync_rules()


def bind_service(service: Subscription, enterprise: Enterprise) -> Callable[[], object]:
    return lambda: bind.bind(service, enterprise, released=[], actor="admin", rules=RULES, now=NOW)


def test_one_of_two_bindings_succeeds() -> None:
    service = make_joint_service()
    first, second = make_enterprise(service.buyer), make_enterprise(service.buyer)
    assert sorted(at_once([bind_service(service, first), bind_service(service, second)])) == ["binding.bound", "done"]
    assert (TenantBinding.objects.count(), Sync.objects.count()) == (1, 1)


def test_two_services_share_a_client_and_one_is_bound() -> None:
    first = make_joint_service()
    second = make_joint_service(buyer=first.buyer, application=first.product.application)
    enterprise = make_enterprise(first.buyer)
    assert sorted(at_once([bind_service(first, enterprise), bind_service(second, enterprise)])) == [
        "binding.single",
        "done",
    ]
    assert Client.objects.count() == 1


@pytest.mark.slow
def test_withdrawal_during_a_batch_is_sent_after_it() -> None:
    binding, view = make_binding(), SellersView()
    tell_all(binding, view)
    binding = TenantBinding.objects.select_related("enterprise").get(pk=binding.pk)
    people = [person.pk for person in make_people(binding.enterprise, 3)]
    authorise.authorise(binding, people, admin=False, rules=RULES, now=NOW)
    call = waiting(binding)
    assert call is not None
    leased = lease(call, now=NOW)
    outcomes = at_once(
        [
            lambda: end(leased, Done(), now=NOW),
            lambda: authorise.withdraw(binding, people[:1], rules=RULES, now=NOW),
            lambda: authorise.authorise(binding, people[1:], admin=True, rules=RULES, now=NOW),
        ]
    )
    assert outcomes == ["done", "done", "done"]
    tell_all(binding, view)
    authorised = Authorisation.objects.filter(binding=binding, wanted=True)
    assert set(authorised.values_list("member", flat=True)) == set(people[1:])
    assert {person.admin for person in view.people.values()} == {True}
    assert len(view.people) == 2


@pytest.mark.slow
def test_simultaneous_restarts_and_ends_act_once() -> None:
    binding = make_binding()
    tell_next(binding, result=REFUSED_CONNECTION)
    restarts = [lambda: run.restart(binding.pk, actor="admin", rules=RULES, now=NOW)] * 2
    assert sorted(at_once(restarts)) == ["done", "sync.nothing_stopped"]
    tell_all(binding)
    unbinds = [lambda: bind.unbind(binding, actor="admin", rules=RULES, now=NOW)] * 2
    assert at_once(unbinds) == ["done", "done"]
    assert Sync.objects.filter(binding=binding, kind="unbind").count() == 1
