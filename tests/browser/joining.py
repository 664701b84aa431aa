"""A chapter of history.py: an application whose server is down, two services that an enterprise bound to it, and one
that it can bind.
"""

from __future__ import annotations


def join(_seller_url: str) -> dict[str, str]:
    from django.db import transaction

    from tests.browser.history import DEAD
    from tests.factories.joint import make_application, make_binding, make_joint_service, make_kit_address, sync_rules
    from tests.waiting import until
    from tradepost.market.applications import authorise, sign_in_log
    from tradepost.market.applications.authorise_departments import authorise_department
    from tradepost.market.applications.bind import bind_test_enterprise
    from tradepost.market.applications.models import Sync, TenantBinding
    from tradepost.market.applications.sign_in_log import Result
    from tradepost.market.base import clock
    from tradepost.market.identity.models import Seller, User
    from tradepost.market.organisations.enterprise import found_for_tests
    from tradepost.market.organisations.models import Department, Enterprise, Group, Member
    from tradepost.market.seed.people import BUYER

    now, seller = clock.now(), Seller.objects.get(slug="qingxie")
    buyer, enterprise = User.objects.get(email=BUYER.email), Enterprise.objects.get(code="lantian")
    with transaction.atomic():
        address = make_kit_address(seller, url=f"{DEAD}/kit", now=now)
        application = make_application(seller, address=address, multi_instance=True, name="青榭协同", now=now)
        bound, stopped, loose = (make_joint_service(buyer=buyer, application=application, now=now) for _ in range(3))
        bindings = [make_binding(one, enterprise, now=now) for one in (bound, stopped)]
        of_tests = found_for_tests(seller, "青榭软件测试企业", "test-qingxie", now=now)
        bind_test_enterprise(application, of_tests, rules=sync_rules(), now=now)
    for one in TenantBinding.objects.filter(application=application):
        until(lambda: Sync.objects.filter(binding=one, status="waiting").exists(), "the server is away")  # noqa: B023  # awaited at once
    # As if the server had answered.
    TenantBinding.objects.filter(pk=bindings[0].pk).update(status="bound", bound_at=now)
    Sync.objects.filter(binding=bindings[0]).update(status="dropped", next_at=None)
    people = Member.objects.filter(enterprise=enterprise, removed_at=None).values_list("pk", flat=True)[:2]
    authorise.authorise(bindings[0], list(people), admin=True, rules=sync_rules(), now=now)
    group = Group.objects.get(enterprise=enterprise)
    authorise.authorise_group(bindings[0], group, rules=sync_rules(), now=now)
    research = Department.objects.filter(enterprise=enterprise, removed_at=None).exclude(parent=None).earliest("pk")
    authorise_department(bindings[0], research, below=True, rules=sync_rules(), now=now)
    for result, member in (
        (Result.SIGNED_IN, people[0]),
        (Result.WRONG_PASSWORD, people[1]),
        (Result.OPENED, people[0]),
    ):
        sign_in_log.record(
            enterprise, result, sign_in_log.Browser(network="192.0.2.7", agent="Mozilla/5.0 (Windows NT 10.0) Firefox/140.0"),
            wall=now, member=Member.objects.get(pk=member),
            application=application.pk if result == Result.OPENED else None,
        )  # fmt: skip
    return {
        "application": str(application.pk), "bound": str(bindings[0].pk), "not bound": str(bindings[1].pk),
        "bindable": str(loose.pk), "joint service": str(bound.pk),
    }  # fmt: skip
