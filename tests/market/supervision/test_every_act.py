"""Each flow of joint.md §2 and business-rules §2.10: node × act × role, where each act leads, what it does to the
money, and that nothing else is possible.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.db import transaction

from tests.factories import NOW
from tests.factories.products import ONCE
from tests.market.supervision.supervising import (
    CLOCKS,
    PRICE,
    code_is_activated,
    form_of,
    instance_opens,
    license_comes,
    license_is_refused,
    money,
    person,
    reload,
    run_timer,
    supervised,
)
from tradepost.market.base.errors import Refused
from tradepost.market.product_types.flows.contract import Act, Party, Provision, Refundable
from tradepost.market.product_types.flows.registry import flow, flows
from tradepost.market.supervision import cancel
from tradepost.market.supervision.act import ActForm, act
from tradepost.market.supervision.appeal import appeal, decide
from tradepost.market.supervision.models import Appeal, Supervision, Visit

B, S, O, M = Party.BUYER, Party.SELLER, Party.OPERATOR, Party.MARKET  # noqa: E741  # as the design writes them
type Acts = Mapping[tuple[Party, Act], str]
"""Party and act → the next node; empty if the delivery is accepted."""

DELIVERED: Mapping[str, Acts] = {
    "deliver": {(S, Act.DELIVER): "accept"},
    "review": {(O, Act.PASS): "accept", (O, Act.SEND_BACK): "deliver"},
    "accept": {(B, Act.ACCEPT): "", (B, Act.REJECT): "deliver"},
}
DEMANDED: Mapping[str, Acts] = {
    "demand": {(B, Act.DEMAND): "confirm"},
    "confirm": {(S, Act.CONFIRM): "deliver", (S, Act.REFUSE): "demand"},
    **DELIVERED,
}
TABLE: Mapping[str, Mapping[str, Acts]] = {
    "demand": DEMANDED,
    "provisioned": DEMANDED,
    "handover": DELIVERED,
    "deploy": {"deploy": {(B, Act.ACCEPT): ""}},
    "shipping": {
        "receiver": {(B, Act.DEMAND): "deliver"},
        "deliver": {(S, Act.SHIP): "accept"},
        "accept": {(B, Act.ACCEPT): "", (M, Act.ACCEPT): "", (B, Act.REJECT): "deliver"},
        "return": {
            (B, Act.SHIP_BACK): "returned", (B, Act.KEEP): "accept", (M, Act.KEEP): "accept", (S, Act.TAKE_BACK): "",
        },
        "returned": {(S, Act.TAKE_BACK): "", (M, Act.TAKE_BACK): ""},
    },
    "license_online": {
        "code": {(B, Act.DEMAND): "deliver"},
        "deliver": {
            (M, Act.DELIVER): "accept", (M, Act.REFUSE): "code", (S, Act.DELIVER): "accept", (S, Act.REFUSE): "code",
        },
        "accept": {(B, Act.ACCEPT): "", (B, Act.REJECT): "deliver"},
    },
    "license_code": {
        "deliver": {(S, Act.DELIVER): "take"},
        "take": {(B, Act.TAKE): "activate"},
        "activate": {(M, Act.ACTIVATE): "proof"},
        "proof": {(S, Act.DELIVER): ""},
        "review": {(O, Act.PASS): "", (O, Act.SEND_BACK): "proof"},
    },
}  # fmt: skip
REVIEWED = {("demand", "deliver"), ("provisioned", "deliver"), ("handover", "deliver"), ("license_code", "proof")}
"""Acts after which an operator reviews, if the product requires it."""
FULL_REFUND_ONLY = {
    ("demand", "demand"),
    ("demand", "confirm"),
    ("provisioned", "demand"),
    ("provisioned", "confirm"),
    ("shipping", "receiver"),
    ("license_online", "code"),
    ("license_code", "deliver"),
    ("license_code", "take"),
}
"""Nodes where only the full amount can be requested; elsewhere a part is possible, too."""
NO_REFUND = {("license_code", "activate"), ("license_code", "proof"), ("license_code", "review")}
"""Nodes without a refund: the code was taken (§2.10: "afterwards negotiated refund impossible")."""
GOODS_RETURNED_FIRST = {("shipping", "return"), ("shipping", "returned")}
"""Nodes where an agreed refund waits for the goods (§4.7)."""
NOTHING = NO_REFUND | GOODS_RETURNED_FIRST
KINDS = {
    "demand": "MANUAL_SERVICE", "provisioned": "SAAS", "handover": "LICENSE_OFFLINE", "deploy": "LICENSE_PACKAGE",
    "shipping": "HARDWARE", "license_online": "LICENSE", "license_code": "LICENSE_CODE",
}  # fmt: skip
AGREED_REFUND = (M, Act.CONFIRM)
"""Buyer and seller agree on a full refund: this is no act of the flow, and sent goods are returned first."""
PATHS: Mapping[str, tuple[tuple[Party, Act], ...]] = {
    "demand": ((B, Act.DEMAND), (S, Act.CONFIRM), (S, Act.DELIVER), (O, Act.PASS)),
    "provisioned": ((B, Act.DEMAND), (S, Act.CONFIRM), (S, Act.DELIVER), (O, Act.PASS)),
    "handover": ((S, Act.DELIVER), (O, Act.PASS)),
    "deploy": (),
    "shipping": ((B, Act.DEMAND), (S, Act.SHIP), AGREED_REFUND, (B, Act.SHIP_BACK)),
    "license_online": ((B, Act.DEMAND), (M, Act.DELIVER)),
    "license_code": ((S, Act.DELIVER), (B, Act.TAKE), (M, Act.ACTIVATE), (S, Act.DELIVER)),
}
"""Through every node of a flow, of a product whose deliveries are reviewed."""
MARKET_ACTS: Mapping[tuple[str, Act], Callable[[Supervision], object]] = {
    ("shipping", Act.ACCEPT): lambda one: run_timer(one, NOW + timedelta(days=11)),
    ("shipping", Act.KEEP): lambda one: run_timer(one, NOW + timedelta(days=11)),
    ("shipping", Act.TAKE_BACK): lambda one: run_timer(one, NOW + timedelta(days=16)),
    ("license_online", Act.DELIVER): license_comes,
    ("license_online", Act.REFUSE): license_is_refused,
    ("license_code", Act.ACTIVATE): code_is_activated,
}
"""Acts that the market does automatically."""


def test_every_flow_is_in_the_table() -> None:
    table = {
        flow.code: {node.code: {(move.by, move.act): move.to for move in node.moves} for node in flow.nodes}
        for flow in flows().values()
    }
    assert table == TABLE
    refundable = {
        rule: {(flow.code, node.code) for flow in flows().values() for node in flow.nodes if node.refundable is rule}
        for rule in (Refundable.WHOLE, Refundable.NOTHING)
    }
    assert refundable == {Refundable.WHOLE: FULL_REFUND_ONLY, Refundable.NOTHING: NOTHING}
    provisions = {flow.code: flow.provision for flow in flows().values() if flow.provision is not Provision.NONE}
    assert provisions == {
        "provisioned": Provision.AT_ACCEPTANCE, "license_online": Provision.AT_PAYMENT,
        "license_code": Provision.AT_PAYMENT,
    }  # fmt: skip
    assert {flow.code: [*flow.by_code] for flow in flows().values()} == {
        code: [*nodes] for code, nodes in TABLE.items()
    }


@pytest.mark.slow
@pytest.mark.parametrize("code", TABLE)
def test_after_a_milestone_the_next_one_is_delivered_and_reviews_follow_the_setting(code: str) -> None:
    in_parts = {"demand", "provisioned", "handover", "license_online"}
    for node in flow(code).nodes:
        for move in node.moves:
            assert move.more_to == ("deliver" if move.act is Act.ACCEPT and code in in_parts else "")
            assert move.reviewed_to == ("review" if (code, node.code) in REVIEWED and move.act is Act.DELIVER else "")


# --- on the database ----------------------------------------------------------------------------------------------------


@contextmanager
def rolled_back() -> Iterator[None]:
    """Undo what is done within. One transaction around many acts, so the order of their locks is checked elsewhere, on
    PostgreSQL.
    """
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def perform(supervision: Supervision, party: Party, act_name: Act) -> None:
    if (party, act_name) == AGREED_REFUND:
        cancel.request_refund(supervision.pk, "why", now=NOW)
        cancel.agree(supervision.pk, "", by=person(supervision, S), clocks=CLOCKS, now=NOW)
    elif party is M:
        MARKET_ACTS[supervision.flow, act_name](supervision)
    else:
        act(
            supervision.pk,
            party,
            act_name,
            form_of(supervision, party, act_name),
            by=person(supervision, party),
            clocks=CLOCKS,
            now=NOW,
        )


def begin(code: str) -> Supervision:
    """Make a delivery reviewed by an operator; its parcel goes to the buyer's own telephone."""
    supervision = supervised(KINDS[code], price=ONCE, supervised="yes", acceptance_review="yes")
    supervision.buyer.phone = "13800138000"
    supervision.buyer.save(update_fields=["phone"])
    if code == "license_online":
        instance_opens(supervision)
    assert (supervision.flow, supervision.reviewed) == (code, True)
    return reload(supervision)


@pytest.mark.slow
@pytest.mark.sqlite  # many acts in one transaction, so the order of their locks would prove nothing
@pytest.mark.django_db
@pytest.mark.parametrize("code", TABLE)
def test_each_act_of_each_role_at_each_node_does_what_the_table_says(code: str) -> None:
    supervision = begin(code)
    buyer = money(supervision)[0]
    passed = []
    for step in (*PATHS[code], None):
        supervision = reload(supervision)
        node = supervision.node
        passed.append(node)
        assert money(supervision) == (buyer, PRICE, 0), "held, wherever it stands"
        assert_refused(supervision, code)
        for party, act_name in TABLE[code][node]:
            assert_allowed(supervision, party, act_name, buyer)
        assert_refunds(supervision, buyer)
        assert_decisions(supervision, buyer)
        if step is not None:
            perform(supervision, *step)
    assert sorted(passed) == sorted(TABLE[code])


def assert_refused(supervision: Supervision, code: str) -> None:
    before, visits = Supervision.objects.filter(pk=supervision.pk).values().get(), Visit.objects.count()
    for party in (B, S, O):
        by = person(supervision, party)
        for act_name in Act:
            if (party, act_name) not in TABLE[code][supervision.node]:
                with pytest.raises(Refused, match=r"supervision\.not_now"):
                    act(
                        supervision.pk, party, act_name, ActForm(visit=supervision.visit), by=by, clocks=CLOCKS, now=NOW
                    )  # fmt: skip
    assert (Supervision.objects.filter(pk=supervision.pk).values().get(), Visit.objects.count()) == (before, visits)


def assert_allowed(supervision: Supervision, party: Party, act_name: Act, buyer: int) -> None:
    """Check where the act leads, reviewed and not, and that money moves only with the acceptance."""
    code, node = supervision.flow, supervision.node
    for reviewed in (True, False):
        with rolled_back():
            Supervision.objects.filter(pk=supervision.pk).update(reviewed=reviewed)
            perform(supervision, party, act_name)
            after = reload(supervision)
            to = TABLE[code][node][party, act_name]
            if act_name is Act.DELIVER and reviewed and (code, node) in REVIEWED:
                to = "review"
            assert after.node == (to or node)
            if to:
                assert (after.status, money(after)) == ("running", (buyer, PRICE, 0))
            elif act_name is Act.TAKE_BACK:
                assert (after.status, money(after)) == ("refunded", (buyer + PRICE, 0, 0))
            elif code == "provisioned":  # the seller earns the money when it is open
                assert (after.status, money(after)) == ("accepted", (buyer, PRICE, 0))
            else:
                assert (after.status, money(after)) == ("completed", (buyer, 0, PRICE))


def assert_refunds(supervision: Supervision, buyer: int) -> None:
    """Check what the buyer can request and what the seller refunds, by node (§4.7)."""
    at, pk, by = (supervision.flow, supervision.node), supervision.pk, person(supervision, S)
    for amount, ends, may in (
        (None, True, at not in NOTHING), (PRICE // 2, True, at not in FULL_REFUND_ONLY | NOTHING),
        (PRICE // 2, False, at not in FULL_REFUND_ONLY | NOTHING), (PRICE + 1, True, False), (0, True, False), (PRICE, False, False),
    ):  # fmt: skip
        with rolled_back():
            if not may:
                with pytest.raises(Refused):
                    cancel.request_refund(pk, "why", amount_minor=amount, ends=ends, now=NOW)
                assert money(supervision) == (buyer, PRICE, 0)
                continue
            cancel.request_refund(pk, "why", amount_minor=amount, ends=ends, now=NOW)
            cancel.agree(pk, "", by=by, clocks=CLOCKS, now=NOW)
            back, after = PRICE if amount is None else amount, reload(supervision)
            if ends and at == ("shipping", "accept"):  # §4.7: the goods are returned first
                assert (after.node, money(after)) == ("return", (buyer, PRICE, 0))
                continue
            rest = PRICE - back
            assert money(after) == (buyer + back, rest * (not ends), rest * ends)
            assert (after.status, after.refunded_minor) == ("refunded" if ends else "running", back)
    with rolled_back():
        if at in NOTHING:
            with pytest.raises(Refused, match=r"supervision\.no_refund"):
                cancel.agree(pk, "We cannot.", by=by, clocks=CLOCKS, now=NOW)
        else:
            cancel.agree(pk, "We cannot.", by=by, clocks=CLOCKS, now=NOW)
        assert money(supervision) == ((buyer, PRICE, 0) if at in NOTHING else (buyer + PRICE, 0, 0))


UNOPENED = {("license_code", node) for node in ("deliver", "take", "activate")}
"""Nodes before anything that an operator could declare accepted."""


def assert_decisions(supervision: Supervision, buyer: int) -> None:
    """Either side may appeal at every node; then nobody can act, and the operator's decision moves the money."""
    code, pk, operator = supervision.flow, supervision.pk, person(supervision, O)
    accepted = (buyer, PRICE, 0) if code == "provisioned" else (buyer, 0, PRICE)
    worth = {
        Appeal.Decision.CONTINUE: (buyer, PRICE, 0), Appeal.Decision.ACCEPT: accepted,
        Appeal.Decision.REFUND: (buyer + PRICE, 0, 0),
    }  # fmt: skip
    for side, decision in ((S, Appeal.Decision.CONTINUE), *((B, amount) for amount in worth)):
        with rolled_back():
            appeal(pk, side, "why", (), by=person(supervision, side), clocks=CLOCKS, now=NOW)
            assert_nobody_can_act(supervision)
            if decision is Appeal.Decision.ACCEPT and (code, supervision.node) in UNOPENED:
                with pytest.raises(Refused, match=r"supervision\.not_open"):
                    decide(pk, decision, "so", by=operator, clocks=CLOCKS, now=NOW)
                assert (reload(supervision).status, money(supervision)) == ("appealed", (buyer, PRICE, 0))
                continue
            decide(pk, decision, "so", by=operator, clocks=CLOCKS, now=NOW)
            after = reload(supervision)
            assert money(after) == worth[decision]
            if decision is Appeal.Decision.CONTINUE:
                assert (after.status, after.node, after.visit) == ("running", supervision.node, supervision.visit)


def assert_nobody_can_act(supervision: Supervision) -> None:
    for party, act_name in TABLE[supervision.flow][supervision.node]:
        if party is not M:
            by = person(supervision, party)
            with pytest.raises(Refused, match=r"supervision\.appealed"):
                act(supervision.pk, party, act_name, ActForm(visit=supervision.visit), by=by, clocks=CLOCKS, now=NOW)
