"""What stands on a statement, and what becomes of it (business-rules §8.1, §8.2, §8.4; money.md §2, §6)."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.factories import NOW, make_buyer, make_operator, make_order
from tests.factories.metering import item, make_metered, on_demand, push
from tests.market.fulfilment.services import END, bought, done, open_call, passes, renewed, service, told
from tests.market.fulfilment.unsubscribing import asked
from tests.market.settlement.settling import (
    ACCOUNT,
    APRIL,
    MARCH,
    PRICE,
    RULES,
    RUN,
    again,
    earned,
    facts,
    has_account,
    held,
    made,
    owner_of,
    paid,
    signed,
    sound,
    statement_for,
    taken_up,
)
from tradepost.market.base.errors import IllegalTransition, Refused
from tradepost.market.base.models import Job
from tradepost.market.billing.charge import charge
from tradepost.market.billing.models import Charge
from tradepost.market.catalog.models import Offer
from tradepost.market.identity.models import Member, Seller
from tradepost.market.identity.self_operated import set_self_operated
from tradepost.market.metering import collect
from tradepost.market.notifications.categories import Audience
from tradepost.market.notifications.models import NoticeDelivery
from tradepost.market.notifications.settlement_messages import OF_STATEMENTS
from tradepost.market.payments import kept_sums
from tradepost.market.payments.models import Account, Transfer
from tradepost.market.settlement import seller_queries, timers
from tradepost.market.settlement.agree import reissue, reject, sign, time_out
from tradepost.market.settlement.models import PaidMonth, SettlementItem, Statement
from tradepost.market.settlement.payout import account_of, bad_details, begin_again, pay, refuse
from tradepost.market.subscriptions.models import Subscription
from tradepost.market.wiring import TASKS

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def test_a_statement_is_the_entries_of_its_seller_less_the_fee() -> None:
    """§8.3: 5 % of the order amount."""
    statement = earned()
    assert (statement.gross_minor, statement.fee_minor, statement.net_minor) == (PRICE, 500, 9500)
    [line] = statement.lines.all()
    assert (line.base_minor, line.rate, line.fee_minor, line.net_minor) == (PRICE, Decimal("0.05"), 500, 9500)
    assert line.inputs["paid_month"] == "2026-03-01"
    assert [one.minor for one in PaidMonth.objects.all()] == [PRICE]
    assert held(Account.Kind.SELLER) == PRICE, "nothing moves before it is agreed to"
    assert told("statement_issued") == 1
    assert sound() == []


def test_a_statement_goes_to_the_seller_by_sms_too(settings: Any) -> None:
    """§7.1: "Statement issued … seller | phone + email"; §8.1: "Review and send (phone + email)"."""
    settings.SMS = settings.SMS | {"adapter": "file"}
    subscription = service(members=1)
    Seller.objects.filter(pk=subscription.seller_id).update(contact_phone="139 1111 2222")
    statement_for(Subscription.objects.get(pk=subscription.pk))
    sent = NoticeDelivery.objects.filter(notice__kind="statement_issued").order_by("pk")
    assert ("sms", "+8613911112222", "waiting") in sent.values_list("channel", "address", "status")
    assert [
        words for words in OF_STATEMENTS.values() if words.about.to == Audience.SELLER and not words.about.sms
    ] == []


def test_a_run_that_comes_again_changes_nothing() -> None:
    statement = earned()
    before = facts()
    assert made(statement.seller) is None
    assert (facts(), sound()) == (before, [])


def test_what_is_too_little_waits_for_the_next_month() -> None:
    """§8.2: accumulated < 1,000 is carried over; money.md §8: exactly the minimum pays."""
    subscription = service()
    assert made(subscription.seller, minimum_minor=9501) is None
    assert SettlementItem.objects.get().statement is None
    later = made(subscription.seller, APRIL, now=RUN + timedelta(days=30), minimum_minor=9500)
    assert later is not None
    assert (later.month, later.net_minor, sound()) == (APRIL, 9500, [])


def test_a_seller_that_left_is_paid_what_is_left() -> None:
    subscription = service()
    Seller.objects.filter(pk=subscription.seller_id).update(status=Seller.Status.EXITED)
    subscription.seller.refresh_from_db()
    assert made(subscription.seller, minimum_minor=10**9) is not None


def test_the_market_does_not_settle_with_itself() -> None:
    subscription = service()
    set_self_operated(subscription.seller, on=True, by="op", now=NOW)
    assert made(subscription.seller) is None


def test_a_renewal_is_settled_when_its_period_begins() -> None:
    """§8.2: when the renewal period becomes effective."""
    subscription = service()
    renewed(subscription)
    done(open_call())
    march = made(subscription.seller)
    assert march is not None
    assert (march.gross_minor, PaidMonth.objects.get().minor) == (PRICE, 2 * PRICE)
    passes(END)
    april = made(subscription.seller, APRIL, now=RUN + timedelta(days=30))
    assert april is not None
    assert (april.gross_minor, april.lines.get().inputs["paid_month"], sound()) == (PRICE, "2026-03-01", [])


def test_what_is_paid_back_later_is_deducted_from_the_next() -> None:
    """§8.2: deducted from this or the next settlement; money.md §4: fees telescope by line."""
    subscription = service()
    first = statement_for(subscription)
    signed(first)
    asked(subscription, "no_reason", now=NOW + timedelta(days=1))
    other = bought_of(subscription)
    assert made(subscription.seller, APRIL, now=RUN + timedelta(days=30), minimum_minor=1) is None
    assert held(Account.Kind.SELLER) == 0, "one earned and one paid back"
    more = bought_of(subscription)
    april = made(subscription.seller, APRIL, now=RUN + timedelta(days=30))
    assert april is not None
    assert sorted(line.base_minor for line in april.lines.all()) == [-PRICE, PRICE, PRICE]
    assert sorted(line.fee_minor for line in april.lines.all()) == [-500, 500, 500]
    assert (april.net_minor, other.seller, more.seller, sound()) == (9500, april.seller, april.seller, [])


def bought_of(subscription: Subscription) -> Subscription:
    """Another one of the same offer."""
    offer = Offer.objects.get(pk=subscription.offer_id)
    return bought(make_order(make_buyer(), offer=offer, paid=True))


def test_usage_is_settled_by_service_and_month_of_use() -> None:
    """§8.2: on demand, monthly consumption per product; what is not paid yet is not settled (§8.1: credit waits)."""
    metered = make_metered(price=on_demand(amount=Decimal(1)), buyer=make_buyer(balance="5"))
    later = NOW + timedelta(hours=12)
    push(metered.seller, [item(metered, NOW, "3"), item(metered, NOW + timedelta(hours=1), "4")], now=later)
    collection = collect.close("hour", now=later)
    assert collection is not None
    charge(collection, now=later)
    assert [one.minor for one in Charge.objects.all()] == [700]
    statement = made(metered.seller, minimum_minor=1)
    assert statement is not None
    [line] = statement.lines.all()
    assert (line.source, line.base_minor, line.fee_minor) == (f"usage:{metered.pk}:202603", 500, 25)
    shown = seller_queries.lines_of(statement).rows[0]
    assert (shown.usage_month, shown.percent, shown.increment_percent) == (MARCH, "5", "")
    assert sound() == []


def test_a_larger_share_of_what_sells_well() -> None:
    """§8.3: by product and month of payment."""
    subscription = service()
    taken_up()
    PaidMonth.objects.update(minor=100_000_000)
    statement = made(subscription.seller)
    assert statement is not None
    assert (statement.fee_minor, statement.lines.get().inputs["increment"]) == (300, "0.02")


def test_agreed_to_the_money_is_divided_and_paid_out_once() -> None:
    statement = paid(earned())
    assert (statement.status, held(Account.Kind.PAYABLE), held(Account.Kind.FEE), held(Account.Kind.SELLER)) == (
        "paid", 0, 500, 0,
    )  # fmt: skip
    assert [t.reference for t in Transfer.objects.filter(reason__in=["settled", "paid_out"]).order_by("pk")] == [
        statement.number, "ICBC-0001",
    ]  # fmt: skip
    before = facts()
    for again_and_again in (
        lambda: sign(statement, actor="x", now=RUN),
        lambda: pay(statement, "ICBC-0002", by=make_operator(), now=RUN),
    ):
        with pytest.raises(IllegalTransition):
            again_and_again()
    assert (facts(), sound()) == (before, [])


def test_one_transfer_pays_one_statement_and_nobody_pays_themselves() -> None:
    first, second = paid(earned()), signed(earned())
    before = facts()
    with pytest.raises(Refused, match="number") as twice:
        pay(second, "ICBC-0001", by=make_operator(), now=RUN)
    with pytest.raises(Refused) as nothing:
        pay(second, " ", by=make_operator(), now=RUN)
    with pytest.raises(Refused) as own:
        pay(second, "ICBC-0002", by=Member.objects.get(seller=second.seller).user, now=RUN)
    codes = (twice.value.code, nothing.value.code, own.value.code)
    assert codes == ("statement.bank_number", "statement.bank_number", "statement.own")
    assert (facts(), first.status, sound()) == (before, "paid", [])


def test_rejected_answered_and_agreed_to() -> None:
    """§8.4: 会签驳回."""
    statement = earned()
    owner, operator = owner_of(statement.seller), make_operator()
    with pytest.raises(Refused):
        reject(statement, "  ", by=owner, now=RUN)
    with pytest.raises(Refused):
        reject(statement, "<b>no</b>", by=owner, now=RUN)
    reject(statement, "An order of ours is missing.", by=owner, now=RUN)
    assert again(statement).status == "rejected"
    with pytest.raises(IllegalTransition):
        sign(statement, actor="x", now=RUN)
    with pytest.raises(Refused):
        reissue(statement, "", by=operator, rules=RULES, now=RUN)
    reissue(statement, "It was paid in April.", by=operator, rules=RULES, now=RUN + timedelta(days=7))
    found = again(statement)
    assert (found.status, found.answer, found.sign_by > statement.sign_by) == (
        "countersign", "It was paid in April.", True,
    )  # fmt: skip
    assert (signed(found).status, sound()) == ("paying", [])


def test_a_seller_that_says_nothing_agrees() -> None:
    """§8.1 step 5: 8 working days."""
    statement = earned()
    job = Job.objects.get(kind="settlement.sign_by", key=str(statement.pk))
    assert (job.due_at, statement.sign_by) == (statement.sign_by, RULES.sign_by(RUN))
    assert time_out(job.payload, RUN) == statement.sign_by
    assert again(statement).status == "countersign"
    assert time_out(job.payload, statement.sign_by) is None
    assert (again(statement).status, time_out(job.payload, statement.sign_by)) == ("paying", None)


def test_without_a_certified_account_nothing_is_paid() -> None:
    """§8.4: 申付单创建失败."""
    subscription = service(members=1)
    statement = made(subscription.seller)
    assert statement is not None
    assert signed(statement).status == "apply_failed"
    with pytest.raises(Refused) as still:
        begin_again(statement, by=make_operator(), now=RUN)
    assert (still.value.code, sound()) == ("statement.not_certified", [])
    has_account(subscription.seller)
    begin_again(statement, by=make_operator(), now=RUN)
    found = again(statement)
    assert (found.status, found.holder, account_of(found)) == ("paying", subscription.seller.name, ACCOUNT)
    assert ACCOUNT not in found.sealed_account


def test_wrong_details_are_mended_by_another_certification() -> None:
    """§8.4: 支付信息错误, 申请被驳回."""
    statement, operator = signed(earned()), make_operator()
    bad_details(statement, "No such account.", by=operator, now=RUN)
    with pytest.raises(Refused) as same:
        begin_again(statement, by=operator, now=RUN)
    assert same.value.code == "statement.same_account"
    has_account(statement.seller, "6222020200112239999")
    begin_again(statement, by=operator, now=RUN)
    assert account_of(again(statement)) == "6222020200112239999"
    refuse(statement, "The tax office asks first.", by=operator, now=RUN)
    assert (again(statement).status, again(statement).reason) == ("refused", "The tax office asks first.")
    begin_again(statement, by=operator, now=RUN)
    assert (again(statement).status, held(Account.Kind.PAYABLE), sound()) == ("paying", 9500, [])


def test_the_timers_make_the_statements_of_the_month_before() -> None:
    subscription = service()
    has_account(subscription.seller)
    month = TASKS[timers.MONTH]
    due = month({}, RUN)
    while due is not None and due < RUN + timedelta(minutes=1):
        due = month({}, RUN)
    assert due is not None
    assert due.isoformat() == "2026-05-05T18:00:00+00:00", "behind the holidays of Labour Day"
    [one] = Job.objects.filter(kind=timers.ONE)
    assert TASKS[timers.ONE](one.payload, RUN) is None
    assert Statement.objects.count() == 0, "less than the market's minimum"
    assert TASKS[timers.NIGHT]({}, RUN) is not None


def test_a_month_is_taken_up_whole_however_far_the_sums_had_come() -> None:
    """Each thousandth transfer moves the sums on by itself: what was booked behind it is of the month as well."""
    service()
    assert kept_sums.move_on()
    service()
    while TASKS[timers.MONTH]({}, RUN) == RUN + timers.PAUSE:
        pass
    assert SettlementItem.objects.count() == 2


def test_a_night_ends_though_money_is_booked_all_the_while(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was booked before the day began is shown (§8.4); what comes meanwhile may wait for the next night."""
    monkeypatch.setattr(kept_sums, "EVERY", 10**15)  # nobody happens to book the thousandth transfer
    service()
    taken_up()
    has = SettlementItem.objects.count()
    service()
    day = NOW + timedelta(hours=1)
    assert TASKS[timers.NIGHT]({}, day) > day + timers.PAUSE  # type: ignore[operator]
    assert SettlementItem.objects.count() == has
    night = NOW + DAY
    while TASKS[timers.NIGHT]({}, night) == night + timers.PAUSE:
        pass
    assert SettlementItem.objects.count() == has + 1
