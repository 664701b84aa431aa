"""Contents and life of a statement (business-rules §8.1, §8.2, §8.4; money.md §2, §6)."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.factories import NOW, make_buyer, make_operator
from tests.factories.metering import item, make_metered, on_demand, push
from tests.market.fulfilment.services import END, done, open_call, passes, renewed, service, told
from tests.market.fulfilment.unsubscribing import asked
from tests.market.settlement.settling import (
    ACCOUNT,
    APRIL,
    MARCH,
    PRICE,
    RULES,
    RUN,
    assert_sound,
    buy_another,
    earned_statement,
    has_account,
    make_statement,
    market_balance,
    owner_of,
    pay_statement,
    reload,
    sign_statement,
    snapshot,
    statement_for,
    sum_up,
)
from tradepost.market.base.errors import IllegalTransition, Refused
from tradepost.market.base.models import Job
from tradepost.market.billing.charge import charge
from tradepost.market.billing.models import Charge
from tradepost.market.identity.models import Member, Seller
from tradepost.market.identity.self_operated import set_self_operated
from tradepost.market.metering import collect
from tradepost.market.notifications.categories import Audience
from tradepost.market.notifications.models import NoticeDelivery
from tradepost.market.notifications.subjects.statements import STATEMENT_TEMPLATES
from tradepost.market.payments import kept_sums
from tradepost.market.payments.models import Account, Transfer
from tradepost.market.settlement import seller_queries, timers
from tradepost.market.settlement.agree import reissue, reject, sign, time_out
from tradepost.market.settlement.models import PaidMonth, SettlementItem, Statement
from tradepost.market.settlement.payout import account_of, pay, refuse_payment, report_wrong_account, retry_payment
from tradepost.market.subscriptions.models import Subscription
from tradepost.market.wiring import TASKS

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.mark.slow
def test_statement_is_the_entries_of_its_seller_less_the_fee() -> None:
    """§8.3: 5 % of the order amount."""
    statement = earned_statement()
    assert (statement.gross_minor, statement.fee_minor, statement.net_minor) == (PRICE, 500, 9500)
    [line] = statement.lines.all()
    assert (line.base_minor, line.rate, line.fee_minor, line.net_minor) == (PRICE, Decimal("0.05"), 500, 9500)
    assert line.inputs["paid_month"] == "2026-03-01"
    assert [paid_month.minor for paid_month in PaidMonth.objects.all()] == [PRICE]
    assert market_balance(Account.Kind.SELLER) == PRICE, "nothing moves before it is agreed to"
    assert told("statement_issued") == 1
    assert assert_sound() == []


@pytest.mark.slow
def test_seller_is_notified_of_a_statement_by_sms_too(settings: Any) -> None:
    """§7.1: "Statement issued … seller | phone + email"; §8.1: "Review and send (phone + email)"."""
    settings.SMS = settings.SMS | {"adapter": "file"}
    subscription = service(members=1)
    Seller.objects.filter(pk=subscription.seller_id).update(contact_phone="139 1111 2222")
    statement_for(Subscription.objects.get(pk=subscription.pk))
    sent = NoticeDelivery.objects.filter(notice__kind="statement_issued").order_by("pk")
    assert ("sms", "+8613911112222", "waiting") in sent.values_list("channel", "address", "status")
    assert [
        words for words in STATEMENT_TEMPLATES.values() if words.about.to == Audience.SELLER and not words.about.sms
    ] == []


@pytest.mark.slow
def test_repeated_run_changes_nothing() -> None:
    statement = earned_statement()
    before = snapshot()
    assert make_statement(statement.seller) is None
    assert (snapshot(), assert_sound()) == (before, [])


@pytest.mark.slow
def test_amount_below_the_minimum_is_carried_over() -> None:
    """§8.2: accumulated < 1,000 is carried over; money.md §8: exactly the minimum pays."""
    subscription = service()
    assert make_statement(subscription.seller, minimum_minor=9501) is None
    assert SettlementItem.objects.get().statement is None
    later = make_statement(subscription.seller, APRIL, now=RUN + timedelta(days=30), minimum_minor=9500)
    assert later is not None
    assert (later.month, later.net_minor, assert_sound()) == (APRIL, 9500, [])


@pytest.mark.slow
def test_former_seller_is_paid_the_rest() -> None:
    subscription = service()
    Seller.objects.filter(pk=subscription.seller_id).update(status=Seller.Status.EXITED)
    subscription.seller.refresh_from_db()
    assert make_statement(subscription.seller, minimum_minor=10**9) is not None


@pytest.mark.slow
def test_market_does_not_settle_with_itself() -> None:
    subscription = service()
    set_self_operated(subscription.seller, on=True, by="op", now=NOW)
    assert make_statement(subscription.seller) is None


@pytest.mark.slow
def test_renewal_is_settled_when_its_period_begins() -> None:
    """§8.2: when the renewal period becomes effective."""
    subscription = service()
    renewed(subscription)
    done(open_call())
    march = make_statement(subscription.seller)
    assert march is not None
    assert (march.gross_minor, PaidMonth.objects.get().minor) == (PRICE, 2 * PRICE)
    passes(END)
    april = make_statement(subscription.seller, APRIL, now=RUN + timedelta(days=30))
    assert april is not None
    assert (april.gross_minor, april.lines.get().inputs["paid_month"], assert_sound()) == (PRICE, "2026-03-01", [])


@pytest.mark.slow
def test_later_refund_is_deducted_from_the_next_statement() -> None:
    """§8.2: deducted from this or the next settlement; money.md §4: fees telescope by line."""
    subscription = service()
    first = statement_for(subscription)
    sign_statement(first)
    asked(subscription, "no_reason", now=NOW + timedelta(days=1))
    other = buy_another(subscription)
    assert make_statement(subscription.seller, APRIL, now=RUN + timedelta(days=30), minimum_minor=1) is None
    assert market_balance(Account.Kind.SELLER) == 0, "one earned and one paid back"
    more = buy_another(subscription)
    april = make_statement(subscription.seller, APRIL, now=RUN + timedelta(days=30))
    assert april is not None
    assert sorted(line.base_minor for line in april.lines.all()) == [-PRICE, PRICE, PRICE]
    assert sorted(line.fee_minor for line in april.lines.all()) == [-500, 500, 500]
    assert (april.net_minor, other.seller, more.seller, assert_sound()) == (9500, april.seller, april.seller, [])


@pytest.mark.slow
def test_usage_is_settled_by_service_and_month_of_use() -> None:
    """§8.2: on demand, monthly consumption per product; what is not paid yet is not settled (§8.1: credit waits)."""
    metered = make_metered(price=on_demand(amount=Decimal(1)), buyer=make_buyer(balance="5"))
    later = NOW + timedelta(hours=12)
    push(metered.seller, [item(metered, NOW, "3"), item(metered, NOW + timedelta(hours=1), "4")], now=later)
    collection = collect.close("hour", now=later)
    assert collection is not None
    charge(collection, now=later)
    assert [charge_row.minor for charge_row in Charge.objects.all()] == [700]
    statement = make_statement(metered.seller, minimum_minor=1)
    assert statement is not None
    [line] = statement.lines.all()
    assert (line.source, line.base_minor, line.fee_minor) == (f"usage:{metered.pk}:202603", 500, 25)
    shown = seller_queries.lines_of(statement).rows[0]
    assert (shown.usage_month, shown.percent, shown.increment_percent) == (MARCH, "5", "")
    assert assert_sound() == []


@pytest.mark.slow
def test_product_with_high_sales_leaves_a_larger_share() -> None:
    """§8.3: by product and month of payment."""
    subscription = service()
    sum_up()
    PaidMonth.objects.update(minor=100_000_000)
    statement = make_statement(subscription.seller)
    assert statement is not None
    assert (statement.fee_minor, statement.lines.get().inputs["increment"]) == (300, "0.02")


@pytest.mark.slow
def test_agreed_statement_is_divided_and_paid_out_once() -> None:
    statement = pay_statement(earned_statement())
    assert (statement.status, market_balance(Account.Kind.PAYABLE), market_balance(Account.Kind.FEE), market_balance(Account.Kind.SELLER)) == (
        "paid", 0, 500, 0,
    )  # fmt: skip
    assert [t.reference for t in Transfer.objects.filter(reason__in=["settled", "paid_out"]).order_by("pk")] == [
        statement.number, "ICBC-0001",
    ]  # fmt: skip
    before = snapshot()
    for again_and_again in (
        lambda: sign(statement, actor="x", now=RUN),
        lambda: pay(statement, "ICBC-0002", by=make_operator(), now=RUN),
    ):
        with pytest.raises(IllegalTransition):
            again_and_again()
    assert (snapshot(), assert_sound()) == (before, [])


@pytest.mark.slow
def test_one_transfer_pays_one_statement_and_operators_cannot_pay_themselves() -> None:
    first, second = pay_statement(earned_statement()), sign_statement(earned_statement())
    before = snapshot()
    with pytest.raises(Refused, match="number") as twice:
        pay(second, "ICBC-0001", by=make_operator(), now=RUN)
    with pytest.raises(Refused) as nothing:
        pay(second, " ", by=make_operator(), now=RUN)
    with pytest.raises(Refused) as own:
        pay(second, "ICBC-0002", by=Member.objects.get(seller=second.seller).user, now=RUN)
    codes = (twice.value.code, nothing.value.code, own.value.code)
    assert codes == ("statement.bank_number", "statement.bank_number", "statement.own")
    assert (snapshot(), first.status, assert_sound()) == (before, "paid", [])


@pytest.mark.slow
def test_statement_is_rejected_answered_and_agreed() -> None:
    """§8.4: 会签驳回."""
    statement = earned_statement()
    owner, operator = owner_of(statement.seller), make_operator()
    with pytest.raises(Refused):
        reject(statement, "  ", by=owner, now=RUN)
    with pytest.raises(Refused):
        reject(statement, "<b>no</b>", by=owner, now=RUN)
    reject(statement, "An order of ours is missing.", by=owner, now=RUN)
    assert reload(statement).status == "rejected"
    with pytest.raises(IllegalTransition):
        sign(statement, actor="x", now=RUN)
    with pytest.raises(Refused):
        reissue(statement, "", by=operator, rules=RULES, now=RUN)
    reissue(statement, "It was paid in April.", by=operator, rules=RULES, now=RUN + timedelta(days=7))
    reloaded = reload(statement)
    assert (reloaded.status, reloaded.answer, reloaded.sign_by > statement.sign_by) == (
        "countersign", "It was paid in April.", True,
    )  # fmt: skip
    assert (sign_statement(reloaded).status, assert_sound()) == ("paying", [])


@pytest.mark.slow
def test_silent_seller_agrees() -> None:
    """§8.1 step 5: 8 working days."""
    statement = earned_statement()
    job = Job.objects.get(kind="settlement.sign_by", key=str(statement.pk))
    assert (job.due_at, statement.sign_by) == (statement.sign_by, RULES.sign_by(RUN))
    assert time_out(job.payload, RUN) == statement.sign_by
    assert reload(statement).status == "countersign"
    assert time_out(job.payload, statement.sign_by) is None
    assert (reload(statement).status, time_out(job.payload, statement.sign_by)) == ("paying", None)


@pytest.mark.slow
def test_no_payout_without_a_certified_account() -> None:
    """§8.4: 申付单创建失败."""
    subscription = service(members=1)
    statement = make_statement(subscription.seller)
    assert statement is not None
    assert sign_statement(statement).status == "apply_failed"
    with pytest.raises(Refused) as still:
        retry_payment(statement, by=make_operator(), now=RUN)
    assert (still.value.code, assert_sound()) == ("statement.not_certified", [])
    has_account(subscription.seller)
    retry_payment(statement, by=make_operator(), now=RUN)
    reloaded = reload(statement)
    assert (reloaded.status, reloaded.holder, account_of(reloaded)) == ("paying", subscription.seller.name, ACCOUNT)
    assert ACCOUNT not in reloaded.sealed_account


@pytest.mark.slow
def test_wrong_bank_details_are_corrected_by_a_new_certification() -> None:
    """§8.4: 支付信息错误, 申请被驳回."""
    statement, operator = sign_statement(earned_statement()), make_operator()
    report_wrong_account(statement, "No such account.", by=operator, now=RUN)
    with pytest.raises(Refused) as same:
        retry_payment(statement, by=operator, now=RUN)
    assert same.value.code == "statement.same_account"
    has_account(statement.seller, "6222020200112239999")
    retry_payment(statement, by=operator, now=RUN)
    assert account_of(reload(statement)) == "6222020200112239999"
    refuse_payment(statement, "The tax office asks first.", by=operator, now=RUN)
    assert (reload(statement).status, reload(statement).reason) == ("refused", "The tax office asks first.")
    retry_payment(statement, by=operator, now=RUN)
    assert (reload(statement).status, market_balance(Account.Kind.PAYABLE), assert_sound()) == ("paying", 9500, [])


@pytest.mark.slow
def test_timers_make_the_statements_of_the_previous_month() -> None:
    subscription = service()
    has_account(subscription.seller)
    month = TASKS[timers.MONTHLY_TIMER]
    due = month({}, RUN)
    while due is not None and due < RUN + timedelta(minutes=1):
        due = month({}, RUN)
    assert due is not None
    assert due.isoformat() == "2026-05-05T18:00:00+00:00", "behind the holidays of Labour Day"
    [job] = Job.objects.filter(kind=timers.STATEMENT_TIMER)
    assert TASKS[timers.STATEMENT_TIMER](job.payload, RUN) is None
    assert Statement.objects.count() == 0, "less than the market's minimum"
    assert TASKS[timers.NIGHTLY_TIMER]({}, RUN) is not None


@pytest.mark.slow
def test_statement_covers_the_whole_month_wherever_the_sums_are() -> None:
    """Every thousandth transfer advances the sums: later bookings of the month are included as well."""
    service()
    assert kept_sums.advance_sums()
    service()
    while TASKS[timers.MONTHLY_TIMER]({}, RUN) == RUN + timers.BATCH_PAUSE:
        pass
    assert SettlementItem.objects.count() == 2


@pytest.mark.slow
def test_daily_run_ends_though_money_is_booked_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bookings of earlier days are shown (§8.4); newer ones may wait for the next night."""
    monkeypatch.setattr(kept_sums, "TRANSFERS_PER_UPDATE", 10**15)  # in this test no thousandth transfer is booked
    service()
    sum_up()
    has = SettlementItem.objects.count()
    service()
    day = NOW + timedelta(hours=1)
    assert TASKS[timers.NIGHTLY_TIMER]({}, day) > day + timers.BATCH_PAUSE  # type: ignore[operator]
    assert SettlementItem.objects.count() == has
    night = NOW + DAY
    while TASKS[timers.NIGHTLY_TIMER]({}, night) == night + timers.BATCH_PAUSE:
        pass
    assert SettlementItem.objects.count() == has + 1
