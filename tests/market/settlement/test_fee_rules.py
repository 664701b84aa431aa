"""Fee policies for all sellers, a product type and a seller, with dates (issue 28; business-rules §8.3)."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from tests.factories import make_operator, make_seller
from tests.factories.people import NOW
from tests.market.fulfilment.services import service
from tests.market.fulfilment.unsubscribing import asked
from tests.market.settlement.settling import APRIL, MARCH, PRICE, assert_sound, make_statement, statement_for, sum_up
from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.identity.models import Seller
from tradepost.market.settlement import fee_rules, seller_queries
from tradepost.market.settlement.fee import FeePolicy
from tradepost.market.settlement.fee_rules import Policies
from tradepost.market.settlement.models import FeeRule, SettlementItem, Statement
from tradepost.market.settlement.rules import policy_of
from tradepost.market.settlement.run import lines_of_items
from tradepost.market.web.settlement_tables import statement_file

pytestmark = pytest.mark.django_db
MAY = date(2026, 5, 1)
DEFAULT = FeePolicy(share=Decimal("0.95"))


def make_rule(name: str, share: str, *, starts: date = MARCH, **fields: Any) -> FeeRule:
    return FeeRule(name=name, share=Decimal(share), starts=starts, created_by="x", created_at=NOW, **fields)


@pytest.mark.parametrize(
    ("seller", "kind", "month", "name"),
    [
        (1, "SAAS", date(2026, 2, 1), ""),
        (1, "SAAS", MARCH, "seller and kind"),
        (1, "IMAGE", MARCH, "seller"),
        (2, "SAAS", MARCH, "kind"),
        (2, "IMAGE", MARCH, "all"),
        (2, "IMAGE", APRIL, "all from April"),
        (1, "SAAS", APRIL, "seller"),
        (2, "SAAS", MAY, "kind"),
    ],
)
def test_most_specific_policy_of_the_month_applies(seller: int, kind: str, month: date, name: str) -> None:
    rules = [
        make_rule("all", "0.9"), make_rule("all from April", "0.91", starts=APRIL), make_rule("kind", "0.92", product_type="SAAS"),
        make_rule("seller", "0.93", seller_id=1), make_rule("seller and kind", "0.94", seller_id=1, product_type="SAAS", ends=APRIL),
    ]  # fmt: skip
    assert Policies(DEFAULT, rules).of(seller, kind, month).name == name


def test_statement_uses_and_names_the_policy_of_the_month() -> None:
    subscription = service(members=1)
    make_rule("Partners", "0.9", seller=subscription.seller, increments=[[PRICE, "0.02"]]).save()
    statement = statement_for(subscription)
    assert (statement.fee_minor, statement.net_minor) == (800, 9200), "10 % less 2 %"
    [line] = seller_queries.lines_of(statement).rows
    assert (line.inputs.policy, line.inputs.share, line.inputs.increment) == (
        "Partners",
        Decimal("0.9000"),
        Decimal("0.02"),
    )
    assert "Partners" in statement_file(statement, "csv").content.decode()
    client = Client(headers={"accept-language": "en"})
    client.force_login(make_operator())
    assert "Fee policy: Partners." in client.get(f"/console/settlements/{statement.pk}/").content.decode()
    assert assert_sound() == []


def test_settled_orders_keep_their_share_when_the_policy_changes() -> None:
    """money.md §4: what is taken back gives back its part of the fee."""
    subscription = service(members=1)
    make_rule("Old", "0.9", seller=subscription.seller, ends=APRIL).save()
    first = statement_for(subscription)
    make_rule("New", "0.5", seller=subscription.seller, starts=APRIL).save()
    asked(subscription, "no_reason", now=NOW + timedelta(days=1))
    sum_up()
    items = list(SettlementItem.objects.filter(statement=None))
    shares = {line.inputs["share"] for line in lines_of_items(items, DEFAULT)}
    assert first.fee_minor == 1000
    assert shares == {"0.9000"}


def test_policy_starts_in_a_month_that_is_not_over_and_can_then_only_end() -> None:
    seller = make_seller()
    values = {"name": "A", "seller": seller, "product_type": "", "share": Decimal("0.9"), "increments": [], "starts": MARCH, "created_by": "x", "created_at": NOW}  # fmt: skip
    with pytest.raises(Refused) as past:
        fee_rules.add(values, this_month=APRIL)
    assert past.value.field == "starts"
    policy = fee_rules.add(values, this_month=MARCH)
    with pytest.raises(Refused):
        fee_rules.add(values, this_month=MARCH)
    with pytest.raises(Refused):
        fee_rules.delete(policy, this_month=MARCH)
    fee_rules.end(policy, next_month=APRIL, by="y")
    with pytest.raises(Refused):
        fee_rules.end(policy, next_month=APRIL, by="y")
    policy.refresh_from_db()
    assert (policy.ends, policy.ended_by, FeeRule.objects.count()) == (APRIL, "y", 1)
    planned = fee_rules.add(values | {"starts": MAY}, this_month=MARCH)
    with pytest.raises(Refused):
        fee_rules.end(planned, next_month=APRIL, by="y")
    fee_rules.delete(planned, this_month=MARCH)
    assert FeeRule.objects.count() == 1


def test_two_general_policies_cannot_start_in_the_same_month() -> None:
    values: dict[str, Any] = {"name": "A", "seller": None, "product_type": "", "share": Decimal("0.9"), "increments": [], "starts": MAY, "created_by": "x", "created_at": NOW}  # fmt: skip
    fee_rules.add(values, this_month=MARCH)
    with pytest.raises(Refused):
        fee_rules.add(values, this_month=MARCH)
    fee_rules.add(values | {"product_type": "SAAS"}, this_month=MARCH)
    assert FeeRule.objects.count() == 2


def test_finance_adds_ends_and_deletes_policies_on_the_pages() -> None:
    seller = make_seller()
    client = Client(headers={"accept-language": "en"})
    client.force_login(make_operator("finance"))
    form = {"name": "Partners", "seller": seller.slug, "kind": "SAAS", "share": "97.5", "first_from": "5000", "first_more": "1", "starts": "2099-01"}  # fmt: skip
    for wrong in (
        {"share": "101"}, {"share": "-1"}, {"share": "1e1"}, {"seller": "nobody"}, {"starts": "2099-13"}, {"starts": "2020-01"},
        {"first_more": ""}, {"first_from": "x"}, {"second_from": "100", "second_more": "2"}, {"kind": "NONE"},
    ):  # fmt: skip
        assert client.post("/console/fees/new/", form | wrong).status_code == 422, wrong
    assert not FeeRule.objects.exists()
    page = client.post("/console/fees/new/", form, follow=True).content.decode()
    rule = FeeRule.objects.get()
    assert (rule.share, rule.increments, rule.starts) == (Decimal("0.975"), [[500_000, "0.01"]], date(2099, 1, 1))
    for words in ("Partners", "97.5 %", "Planned", "2099-01"):
        assert words in page
    client.post(f"/console/fees/{rule.pk}/end/")
    assert FeeRule.objects.get().ends is None, "it has not begun"
    client.post(f"/console/fees/{rule.pk}/delete/")
    assert not FeeRule.objects.exists()


def test_page_names_the_last_month_of_an_ended_policy() -> None:
    """``ends`` is the first month in which a policy does not apply (business-rules §8.3)."""
    make_rule("Spring", "0.9", starts=MARCH, ends=MAY).save()
    client = Client(headers={"accept-language": "en"})
    client.force_login(make_operator("finance"))
    page = client.get("/console/fees/").content.decode()
    assert ('data-label="Until">2026-04</td>' in page, "2026-05" in page) == (True, False)


def test_debt_limit_of_a_seller_uses_the_smallest_share() -> None:
    seller = Seller.objects.get(pk=make_seller().pk)
    default = policy_of(config().settlement)
    assert fee_rules.lowest_seller_share(seller, default) == default.share
    make_rule("Low", "0.5", seller=seller).save()
    make_rule("Other", "0.1", seller=make_seller()).save()
    assert fee_rules.lowest_seller_share(seller, default) == Decimal("0.5")
    assert make_statement(seller) is None
    assert not Statement.objects.exists()
