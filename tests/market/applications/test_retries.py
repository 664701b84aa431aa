"""Failed sync calls: retries for seven days, immediate retry by hand, and sending everything again (openapi-jointkit
§A.5)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.factories import NOW, make_buyer, make_seller
from tests.factories.joint import make_application, make_binding, make_joint_service, make_people, sync_rules
from tests.market.applications.sellers_view import SellersView
from tests.market.applications.told import command_of, names, stop, tell_all, tell_next, waiting
from tests.market.engine import LOST, REFUSED_CONNECTION, end, lease, react
from tradepost.market.applications import authorise, bind, resend, run
from tradepost.market.applications.models import Authorisation, Sync, TenantBinding
from tradepost.market.applications.retry import next_attempt
from tradepost.market.base import jobs
from tradepost.market.base.errors import Refused
from tradepost.market.base.models import Job
from tradepost.market.notifications.models import Notice
from tradepost.market.organisations.models import Enterprise
from tradepost.market.wiring import TASKS
from tradepost.protocols.commands import CallResult, Done, Rejected
from tradepost.protocols.sync_commands import SyncAuth, SyncTenant

pytestmark = pytest.mark.django_db

RULES = sync_rules()
WEEK = timedelta(days=7)
BAD = Rejected(code="000002", message="bad", retryable=False)
"""A rejection that a retry of the same call cannot change."""


def run_timers(now) -> None:
    jobs.run_due({run.RETRY: TASKS[run.RETRY]}, now=now)


def bound() -> tuple[TenantBinding, SellersView]:
    binding, view = make_binding(), SellersView()
    tell_all(binding, view)
    return TenantBinding.objects.get(pk=binding.pk), view


def of(binding: TenantBinding) -> TenantBinding:
    return TenantBinding.objects.get(pk=binding.pk)


def name_of_next(binding: TenantBinding, *, result: CallResult | None = None) -> str:
    """Deliver the next call, which must exist, and return its name."""
    command = tell_next(binding, result=result)
    assert command is not None
    return names([command])[0]


# --- retries ------------------------------------------------------------------------------------------------------------


def test_waits_double_from_a_minute_to_an_hour_until_the_limit() -> None:
    due = [next_attempt("bind", tries=tries, now=NOW, give_up_at=NOW + WEEK) for tries in range(1, 9)]
    assert [(at - NOW).total_seconds() / 60 for at in due if at is not None] == [1, 2, 4, 8, 16, 32, 60, 60]
    for kind in ("withdraw", "unbind"):
        assert next_attempt(kind, tries=99, now=NOW, give_up_at=NOW + WEEK) == NOW + timedelta(minutes=10)
    assert next_attempt("bind", tries=99, now=NOW, give_up_at=NOW + timedelta(minutes=5)) == NOW + timedelta(minutes=5)
    assert next_attempt("bind", tries=1, now=NOW, give_up_at=NOW) is None


@pytest.mark.slow
@pytest.mark.parametrize("result", [REFUSED_CONNECTION, LOST, BAD])
def test_failed_call_is_retried_with_the_current_state(result) -> None:
    """Issue 25, 18: "retries for seven days with backoff and shows the reason"."""
    binding, view = make_binding(), SellersView()
    tell_next(binding, view, result=result)
    failed = Sync.objects.get()
    assert (failed.status, failed.tries, failed.next_at) == ("waiting", 1, NOW + timedelta(minutes=1))
    assert failed.give_up_at == NOW + WEEK
    assert failed.note
    assert (of(binding).status, waiting(binding)) == ("binding", None)
    Enterprise.objects.filter(pk=binding.enterprise_id).update(name="Renamed meanwhile")
    run_timers(NOW + timedelta(seconds=59))
    assert waiting(binding) is None
    run_timers(NOW + timedelta(minutes=1))
    call = waiting(binding)
    assert call is not None
    command = command_of(call)
    assert isinstance(command, SyncTenant)
    assert command.name == "Renamed meanwhile"
    assert Sync.objects.count() == 1, "the same run"
    tell_all(binding, view)
    assert of(binding).status == "bound"
    assert not Job.objects.filter(kind=run.RETRY).exists()


@pytest.mark.slow
def test_retries_stop_after_seven_days_with_two_notices_to_each_side() -> None:
    binding = make_binding(
        make_joint_service(application=make_application(make_seller(member=make_buyer(balance="0"))))
    )
    now, calls = NOW, 0
    while Sync.objects.get().status != "stopped":
        tell_next(binding, result=REFUSED_CONNECTION, now=now)
        calls += 1
        if (due := Sync.objects.get().next_at) is not None:
            now = due
            run_timers(now)
    stopped = Sync.objects.get()
    assert now == NOW + WEEK
    assert (stopped.tries, stopped.next_at) == (calls, None)
    assert of(binding).status == "stopped"
    react(now=now)
    kinds = sorted(Notice.objects.filter(kind__endswith="sync_delayed").values_list("kind", flat=True).distinct())
    assert kinds == ["seller_sync_delayed", "sync_delayed"]
    assert Notice.objects.filter(kind="sync_stopped").count() == Notice.objects.filter(kind="sync_delayed").count() == 1


@pytest.mark.slow
def test_withdrawal_does_not_wait_for_another_retry() -> None:
    """Issue 25, 18; lanes: withdrawals go first."""
    binding, view = bound()
    first_member, second_member = make_people(binding.enterprise, 2)
    authorise.authorise(binding, [first_member.pk], admin=False, rules=RULES, now=NOW)
    tell_all(binding, view)
    authorise.authorise(binding, [second_member.pk], admin=False, rules=RULES, now=NOW)
    tell_next(binding, view, result=REFUSED_CONNECTION)
    assert Sync.objects.get(status="waiting").kind == "authorise"
    authorise.withdraw(binding, [first_member.pk], rules=RULES, now=NOW)
    assert names(tell_all(binding, view)) == ["SyncAuth·3·1"]
    assert Sync.objects.get(status="waiting").kind == "authorise", "at its own time"
    run_timers(NOW + timedelta(minutes=1))
    assert names(tell_all(binding, view)) == ["SyncAuth·1·1"]


@pytest.mark.slow
def test_needless_retry_ends() -> None:
    binding, view = bound()
    [member] = make_people(binding.enterprise, 1)
    authorise.authorise(binding, [member.pk], admin=False, rules=RULES, now=NOW)
    tell_next(binding, view, result=REFUSED_CONNECTION)
    authorise.withdraw(binding, [member.pk], rules=RULES, now=NOW)
    assert not Sync.objects.filter(status__in=["waiting", "running", "stopped"]).exists()
    run_timers(NOW + timedelta(minutes=1))
    assert waiting(binding) is None


@pytest.mark.slow
def test_unbinding_ends_other_retries() -> None:
    binding, view = bound()
    authorise.authorise(binding, [make_people(binding.enterprise, 1)[0].pk], admin=False, rules=RULES, now=NOW)
    stop(binding, view, result=REFUSED_CONNECTION)
    bind.unbind(binding, actor="admin", rules=RULES, now=NOW)
    tell_next(binding, view, result=REFUSED_CONNECTION)
    assert list(Sync.objects.filter(status__in=run.OPEN).values_list("kind", "status")) == [("unbind", "waiting")]
    bind.unbind_without_the_seller(binding, actor="operator", now=NOW)
    assert not Sync.objects.filter(status__in=run.OPEN).exists()


def test_locked_binding_is_skipped() -> None:
    """A timer holds its own row, which is locked after the binding."""
    binding = make_binding()
    tell_next(binding, result=REFUSED_CONNECTION)
    assert run.retry_due({"binding": 0}, NOW, rules=RULES) == NOW + run.LOCKED_RETRY_DELAY


# --- retries by hand ----------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_retry_all_restarts_waiting_and_stopped_syncs() -> None:
    application = make_application(multi_instance=True)
    first = make_binding(make_joint_service(application=application))
    second = make_binding(make_joint_service(application=application))
    well, foreign = make_binding(make_joint_service(application=application)), make_binding()
    tell_all(well)
    for service in (second, foreign):
        tell_next(service, result=REFUSED_CONNECTION)
    stop(first, result=REFUSED_CONNECTION)
    failed = resend.failed_of_seller(application.seller)
    assert set(failed.values_list("pk", flat=True)) == {first.pk, second.pk}
    assert set(resend.failed_of_enterprise(second.enterprise)) == {second}
    assert resend.request_retries([first.pk, second.pk], actor="seller@x", now=NOW) == 2
    react(now=NOW)
    assert waiting(first) is not None
    assert waiting(second) is not None
    assert waiting(foreign) is None
    assert of(first).status == "binding"
    with pytest.raises(Refused, match="nothing to retry"):
        run.restart(well.pk, actor="x", rules=RULES, now=NOW)


# --- sending everything again -------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_sending_everything_again_restores_a_seller_in_order() -> None:
    """Issue 25, 18: "*Send everything again* for a seller that moved or lost data"."""
    binding, view = bound()
    remaining_member, removed_member = make_people(binding.enterprise, 2)
    authorise.authorise(binding, [remaining_member.pk, removed_member.pk], admin=True, rules=RULES, now=NOW)
    tell_all(binding, view)
    authorise.withdraw(binding, [removed_member.pk], rules=RULES, now=NOW)
    tell_all(binding, view)
    before, view = view, SellersView()
    resend.resend(binding.pk, actor="seller", rules=RULES, now=NOW)
    call_names = names(tell_all(binding, view))
    assert call_names == ["SyncTenant·1", "SyncApplication·1", "SyncAllOrgs", "SyncAuth·0·1", "SyncAuth·1·1"]
    assert (view.departments, view.people) == (before.departments, before.people)
    assert of(binding).status == "bound"


@pytest.mark.slow
def test_sending_again_removes_members_withdrawn_since_a_backup() -> None:
    binding, view = bound()
    [member] = make_people(binding.enterprise, 1)
    authorise.authorise(binding, [member.pk], admin=False, rules=RULES, now=NOW)
    tell_all(binding, view)
    backup = dict(view.people)
    authorise.withdraw(binding, [member.pk], rules=RULES, now=NOW)
    tell_all(binding, view)
    view.people = backup
    view.kit.apply(command_of(_of_kind("SyncAuth")))
    resend.resend(binding.pk, actor="seller", rules=RULES, now=NOW)
    commands = tell_all(binding)
    assert names(commands)[-1] == "SyncAuth·0·1"
    last = commands[-1]
    assert isinstance(last, SyncAuth)
    assert last.users[0].user_name == member.user_name


def _of_kind(kind: str):
    from tradepost.market.production.models import Call

    return Call.objects.filter(kind=kind).order_by("pk")[0]


@pytest.mark.slow
@pytest.mark.parametrize("result", [Done(), REFUSED_CONNECTION, LOST])
def test_result_of_a_running_call_is_ignored_when_everything_is_sent_again(result) -> None:
    """Race: the answer may come from the server that lost the data."""
    binding, view = bound()
    people = make_people(binding.enterprise, 2)
    authorise.authorise(binding, [person.pk for person in people], admin=False, rules=RULES, now=NOW)
    call = waiting(binding)
    assert call is not None
    leased = lease(call, now=NOW)
    resend.resend(binding.pk, actor="seller", rules=RULES, now=NOW)
    assert of(binding).resend
    assert waiting(binding) == call, "no second call at the same time"
    end(leased, result, now=NOW)
    view = SellersView()
    call_names = names(tell_all(binding, view))
    assert call_names == ["SyncTenant·1", "SyncApplication·1", "SyncAllOrgs", "SyncAuth·1·2"]
    assert len(view.people) == 2
    assert not of(binding).resend
    assert not Authorisation.objects.exclude(batch=None).exists()


def test_waiting_call_is_replaced_at_once() -> None:
    binding, _view = bound()
    authorise.authorise(binding, [make_people(binding.enterprise, 1)[0].pk], admin=False, rules=RULES, now=NOW)
    resend.resend(binding.pk, actor="seller", rules=RULES, now=NOW)
    assert names(tell_all(binding, SellersView())) == [
        "SyncTenant·1",
        "SyncApplication·1",
        "SyncAllOrgs",
        "SyncAuth·1·1",
    ]


def test_withdrawal_does_not_wait_for_a_refused_enterprise() -> None:
    binding, view = bound()
    [member] = make_people(binding.enterprise, 1)
    authorise.authorise(binding, [member.pk], admin=False, rules=RULES, now=NOW)
    tell_all(binding, view)
    authorise.withdraw(binding, [member.pk], rules=RULES, now=NOW)
    resend.resend(binding.pk, actor="seller", rules=RULES, now=NOW)
    assert name_of_next(binding, result=REFUSED_CONNECTION) == "SyncTenant·1"
    assert name_of_next(binding) == "SyncAuth·0·1"


def test_unbinding_service_is_not_sent_again() -> None:
    binding, _view = bound()
    bind.unbind(binding, actor="admin", rules=RULES, now=NOW)
    before = of(binding).tenant_acked
    with pytest.raises(Refused, match="being unbound"):
        resend.resend(binding.pk, actor="seller", rules=RULES, now=NOW)
    assert (of(binding).tenant_acked, of(binding).resend) == (before, False)


def test_sending_many_again_makes_one_event_each() -> None:
    binding, _view = bound()
    assert (
        resend.request_resends(
            resend.resendable_bindings(binding.application).values_list("pk", flat=True), actor="x", now=NOW
        )
        == 1
    )
    react(now=NOW)
    assert name_of_next(binding) == "SyncTenant·1"
