"""A chapter of history.py: services delivered by people: one to start, one to accept, one in dispute, one accepted."""

from __future__ import annotations

from decimal import Decimal

from tests.browser.goods import goods
from tradepost.market.base.values import replace


def supervise(_seller_url: str) -> dict[str, str]:
    from tests.browser.history import _buy
    from tests.factories.products import ONCE, make_product
    from tests.market.supervision.supervising import MILESTONES, TO_ACCEPT, proof_of
    from tests.waiting import until
    from tradepost.market.base import clock
    from tradepost.market.catalog.models import Product
    from tradepost.market.product_types.flows.contract import Act, Party
    from tradepost.market.supervision import cancel
    from tradepost.market.supervision.appeal import appeal
    from tradepost.market.supervision.models import Supervision
    from tradepost.market.web.supervision_view import clocks_now

    now, beside = clock.now(), Product.objects.get(slug="yunjian-docs")
    make_product(
        beside.seller, product_type="MANUAL_SERVICE", prices=(replace(ONCE, amount=Decimal(300)),), bound=False, now=now,
        slug="yunjian-setup", name="云笺实施服务", name_en="Yunjian Set-up", category=beside.category.slug,
        picture=beside.picture, summary="专人实施，验收后付款给商家。", summary_en="Set up by people; paid when accepted.",
        answers=MILESTONES,
    )  # fmt: skip
    numbers = [_buy("yunjian-setup") for _ in range(5)]
    until(lambda: Supervision.objects.count() == len(numbers), "the deliveries begin")
    begun, delivered, disputed, done, waiting = Supervision.objects.order_by("pk")
    for one in (delivered, disputed, done, waiting):
        for party, what in TO_ACCEPT:
            _acts(one, party, what)
    for one, more in ((done, 2), (waiting, 1)):
        _acts(one, Party.BUYER, Act.ACCEPT)
        for _ in range(more):
            _acts(one, Party.SELLER, Act.DELIVER)
            if one is done:
                _acts(one, Party.BUYER, Act.ACCEPT)
    cancel.request_refund(delivered.pk, "上线时间推迟了，想退一部分。", amount_minor=10_000, ends=False, now=now)
    appeal(disputed.pk, Party.BUYER, "交付内容与需求不符。", (), by=disputed.buyer, clocks=clocks_now(), now=now)
    return {
        "begun delivery": str(begun.pk), "delivered": str(delivered.pk), "disputed": str(disputed.pk), "accepted": str(done.pk),
        "milestone": str(waiting.pk), "evidence": proof_of(done).sha256,
    } | goods(_acts)  # fmt: skip


def _acts(one: object, party: object, what: object) -> None:
    from tests.market.supervision.supervising import form_of, person
    from tradepost.market.base import clock
    from tradepost.market.supervision.act import act
    from tradepost.market.web.supervision_view import clocks_now

    words = form_of(one, party, what, now=clock.now())  # type: ignore[arg-type]  # as above
    act(one.pk, party, what, words, by=person(one, party), clocks=clocks_now(), now=clock.now())  # type: ignore[attr-defined, arg-type]
