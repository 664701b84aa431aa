"""A chapter of history.py: an application whose server is away, two services that an enterprise bound to it, and one that it may bind."""

from __future__ import annotations


def join(_seller_url: str) -> dict[str, str]:
    from django.db import transaction

    from tests.browser.history import DEAD
    from tests.factories.joint import make_application, make_binding, make_joint_service, make_kit_address, sync_rules
    from tests.waiting import until
    from tradepost.market.applications import authorise
    from tradepost.market.applications.bind import bind_for_tests
    from tradepost.market.applications.models import Sync, TenantBinding
    from tradepost.market.base import clock
    from tradepost.market.identity.models import Seller, User
    from tradepost.market.organisations.enterprise import found_for_tests
    from tradepost.market.organisations.models import Enterprise, Group, Member
    from tradepost.market.seed.people import BUYER

    now, seller = clock.now(), Seller.objects.get(slug="qingxie")
    buyer, enterprise = User.objects.get(email=BUYER.email), Enterprise.objects.get(code="lantian")
    with transaction.atomic():
        address = make_kit_address(seller, url=f"{DEAD}/kit", now=now)
        application = make_application(seller, address=address, multi_instance=True, name="青榭协同", now=now)
        bound, stopped, loose = (make_joint_service(buyer=buyer, application=application, now=now) for _ in range(3))
        bindings = [make_binding(one, enterprise, now=now) for one in (bound, stopped)]
        of_tests = found_for_tests(seller, "青榭软件测试企业", "test-qingxie", now=now)
        bind_for_tests(application, of_tests, rules=sync_rules(), now=now)
    for one in TenantBinding.objects.filter(application=application):
        until(lambda: Sync.objects.filter(binding=one, status="waiting").exists(), "the server is away")  # noqa: B023  # awaited at once
    # As it would be had the server been there.
    TenantBinding.objects.filter(pk=bindings[0].pk).update(status="bound", bound_at=now)
    Sync.objects.filter(binding=bindings[0]).update(status="dropped", next_at=None)
    people = Member.objects.filter(enterprise=enterprise, removed_at=None).values_list("pk", flat=True)[:2]
    authorise.authorise(bindings[0], list(people), admin=True, rules=sync_rules(), now=now)
    group = Group.objects.get(enterprise=enterprise)
    authorise.authorise_group(bindings[0], group, rules=sync_rules(), now=now)
    return {
        "application": str(application.pk), "bound": str(bindings[0].pk), "not bound": str(bindings[1].pk),
        "bindable": str(loose.pk), "joint service": str(bound.pk),
    }  # fmt: skip
