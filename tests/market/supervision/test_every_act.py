"""Each flow as joint.md §2 and business-rules §2.10 have it: node × act × role, what leads where, what it does to money, and that
nothing else can be done."""

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
    again,
    code_is_activated,
    instance_opens,
    license_comes,
    license_is_refused,
    money,
    person,
    said,
    supervised,
    ticks,
)
from tradepost.market.base.errors import Refused
from tradepost.market.product_types.flows.contract import Act, Party, Provision, Refundable
from tradepost.market.product_types.flows.registry import flow, flows
from tradepost.market.supervision import cancel
from tradepost.market.supervision.act import Said, act
from tradepost.market.supervision.appeal import appeal, decide
from tradepost.market.supervision.models import Appeal, Supervision, Visit

B, S, O, M = Party.BUYER, Party.SELLER, Party.OPERATOR, Party.MARKET  # noqa: E741  # as the design writes them
type Acts = Mapping[tuple[Party, Act], str]
"""By whom, what → the next node; empty where it is accepted."""

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
"""After which an operator looks first, where the product says so."""
WHOLE = {
    ("demand", "demand"),
    ("demand", "confirm"),
    ("provisioned", "demand"),
    ("provisioned", "confirm"),
    ("shipping", "receiver"),
    ("license_online", "code"),
    ("license_code", "deliver"),
    ("license_code", "take"),
}
"""Where only all of it can be asked back; elsewhere a part, too."""
TAKEN = {("license_code", "activate"), ("license_code", "proof"), ("license_code", "review")}
"""Where nothing can: the code was taken (§2.10: "afterwards negotiated refund impossible")."""
COMES_BACK = {("shipping", "return"), ("shipping", "returned")}
"""Where a refund was agreed on that waits for the goods (§4.7)."""
NOTHING = TAKEN | COMES_BACK
KINDS = {
    "demand": "MANUAL_SERVICE", "provisioned": "SAAS", "handover": "LICENSE_OFFLINE", "deploy": "LICENSE_PACKAGE",
    "shipping": "HARDWARE", "license_online": "LICENSE", "license_code": "LICENSE_CODE",
}  # fmt: skip
AGREED = (M, Act.CONFIRM)
"""Buyer and seller agree that all goes back: no act of the flow, and where goods were sent they come back first."""
PATHS: Mapping[str, tuple[tuple[Party, Act], ...]] = {
    "demand": ((B, Act.DEMAND), (S, Act.CONFIRM), (S, Act.DELIVER), (O, Act.PASS)),
    "provisioned": ((B, Act.DEMAND), (S, Act.CONFIRM), (S, Act.DELIVER), (O, Act.PASS)),
    "handover": ((S, Act.DELIVER), (O, Act.PASS)),
    "deploy": (),
    "shipping": ((B, Act.DEMAND), (S, Act.SHIP), AGREED, (B, Act.SHIP_BACK)),
    "license_online": ((B, Act.DEMAND), (M, Act.DELIVER)),
    "license_code": ((S, Act.DELIVER), (B, Act.TAKE), (M, Act.ACTIVATE), (S, Act.DELIVER)),
}
"""Through every node of a flow, of a product whose deliveries are reviewed."""
OF_MARKET: Mapping[tuple[str, Act], Callable[[Supervision], object]] = {
    ("shipping", Act.ACCEPT): lambda one: ticks(one, NOW + timedelta(days=11)),
    ("shipping", Act.KEEP): lambda one: ticks(one, NOW + timedelta(days=11)),
    ("shipping", Act.TAKE_BACK): lambda one: ticks(one, NOW + timedelta(days=16)),
    ("license_online", Act.DELIVER): license_comes,
    ("license_online", Act.REFUSE): license_is_refused,
    ("license_code", Act.ACTIVATE): code_is_activated,
}
"""By which the market comes to act by itself."""


def test_every_flow_stands_in_the_table() -> None:
    found = {
        one.code: {node.code: {(move.by, move.act): move.to for move in node.moves} for node in one.nodes}
        for one in flows().values()
    }
    assert found == TABLE
    refundable = {
        rule: {(one.code, node.code) for one in flows().values() for node in one.nodes if node.refundable is rule}
        for rule in (Refundable.WHOLE, Refundable.NOTHING)
    }
    assert refundable == {Refundable.WHOLE: WHOLE, Refundable.NOTHING: NOTHING}
    provisions = {one.code: one.provision for one in flows().values() if one.provision is not Provision.NONE}
    assert provisions == {
        "provisioned": Provision.AT_ACCEPTANCE, "license_online": Provision.AT_PAYMENT,
        "license_code": Provision.AT_PAYMENT,
    }  # fmt: skip
    assert {one.code: [*one.by_code] for one in flows().values()} == {code: [*nodes] for code, nodes in TABLE.items()}


@pytest.mark.slow
@pytest.mark.parametrize("code", TABLE)
def test_after_a_milestone_the_next_one_is_delivered_and_reviews_come_where_they_were_wanted(code: str) -> None:
    in_parts = {"demand", "provisioned", "handover", "license_online"}
    for node in flow(code).nodes:
        for move in node.moves:
            assert move.more_to == ("deliver" if move.act is Act.ACCEPT and code in in_parts else "")
            assert move.reviewed_to == ("review" if (code, node.code) in REVIEWED and move.act is Act.DELIVER else "")


# --- on the database ----------------------------------------------------------------------------------------------------


@contextmanager
def undone() -> Iterator[None]:
    """What is done within is looked at, and then it is as before. One transaction around many acts, so that the order of their locks
    is looked at elsewhere, on PostgreSQL."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def does(supervision: Supervision, party: Party, what: Act) -> None:
    if (party, what) == AGREED:
        cancel.ask(supervision.pk, "why", now=NOW)
        cancel.agree(supervision.pk, "", by=person(supervision, S), clocks=CLOCKS, now=NOW)
    elif party is M:
        OF_MARKET[supervision.flow, what](supervision)
    else:
        act(
            supervision.pk,
            party,
            what,
            said(supervision, party, what),
            by=person(supervision, party),
            clocks=CLOCKS,
            now=NOW,
        )


def begun(code: str) -> Supervision:
    """Reviewed by an operator, and its parcel goes to the buyer's own telephone."""
    supervision = supervised(KINDS[code], price=ONCE, supervised="yes", acceptance_review="yes")
    supervision.buyer.phone = "13800138000"
    supervision.buyer.save(update_fields=["phone"])
    if code == "license_online":
        instance_opens(supervision)
    assert (supervision.flow, supervision.reviewed) == (code, True)
    return again(supervision)


@pytest.mark.slow
@pytest.mark.sqlite  # tries many acts in one transaction, so the order of their locks would prove nothing
@pytest.mark.django_db
@pytest.mark.parametrize("code", TABLE)
def test_at_each_node_each_act_of_each_role_does_what_the_table_says_and_nothing_else_does_anything(code: str) -> None:
    supervision = begun(code)
    buyer = money(supervision)[0]
    passed = []
    for step in (*PATHS[code], None):
        supervision = again(supervision)
        node = supervision.node
        passed.append(node)
        assert money(supervision) == (buyer, PRICE, 0), "held, wherever it stands"
        _refused(supervision, code)
        for party, what in TABLE[code][node]:
            _allowed(supervision, party, what, buyer)
        _paid_back(supervision, buyer)
        _decided(supervision, buyer)
        if step is not None:
            does(supervision, *step)
    assert sorted(passed) == sorted(TABLE[code])


def _refused(supervision: Supervision, code: str) -> None:
    before, visits = Supervision.objects.filter(pk=supervision.pk).values().get(), Visit.objects.count()
    for party in (B, S, O):
        by = person(supervision, party)
        for what in Act:
            if (party, what) not in TABLE[code][supervision.node]:
                with pytest.raises(Refused, match=r"supervision\.not_now"):
                    act(
                        supervision.pk, party, what, Said(visit=supervision.visit), by=by, clocks=CLOCKS, now=NOW
                    )  # fmt: skip
    assert (Supervision.objects.filter(pk=supervision.pk).values().get(), Visit.objects.count()) == (before, visits)


def _allowed(supervision: Supervision, party: Party, what: Act, buyer: int) -> None:
    """Where it leads, reviewed and not; and that money moves with the acceptance alone."""
    code, node = supervision.flow, supervision.node
    for reviewed in (True, False):
        with undone():
            Supervision.objects.filter(pk=supervision.pk).update(reviewed=reviewed)
            does(supervision, party, what)
            after = again(supervision)
            to = TABLE[code][node][party, what]
            if what is Act.DELIVER and reviewed and (code, node) in REVIEWED:
                to = "review"
            assert after.node == (to or node)
            if to:
                assert (after.status, money(after)) == ("running", (buyer, PRICE, 0))
            elif what is Act.TAKE_BACK:
                assert (after.status, money(after)) == ("refunded", (buyer + PRICE, 0, 0))
            elif code == "provisioned":  # its money is the seller's when it is open
                assert (after.status, money(after)) == ("accepted", (buyer, PRICE, 0))
            else:
                assert (after.status, money(after)) == ("completed", (buyer, 0, PRICE))


def _paid_back(supervision: Supervision, buyer: int) -> None:
    """What the buyer may ask for, and what the seller gives back, by where it stands (§4.7)."""
    at, pk, by = (supervision.flow, supervision.node), supervision.pk, person(supervision, S)
    for amount, ends, may in (
        (None, True, at not in NOTHING), (PRICE // 2, True, at not in WHOLE | NOTHING),
        (PRICE // 2, False, at not in WHOLE | NOTHING), (PRICE + 1, True, False), (0, True, False), (PRICE, False, False),
    ):  # fmt: skip
        with undone():
            if not may:
                with pytest.raises(Refused):
                    cancel.ask(pk, "why", amount_minor=amount, ends=ends, now=NOW)
                assert money(supervision) == (buyer, PRICE, 0)
                continue
            cancel.ask(pk, "why", amount_minor=amount, ends=ends, now=NOW)
            cancel.agree(pk, "", by=by, clocks=CLOCKS, now=NOW)
            back, after = PRICE if amount is None else amount, again(supervision)
            if ends and at == ("shipping", "accept"):  # §4.7: the goods come back first
                assert (after.node, money(after)) == ("return", (buyer, PRICE, 0))
                continue
            kept = PRICE - back
            assert money(after) == (buyer + back, kept * (not ends), kept * ends)
            assert (after.status, after.refunded_minor) == ("refunded" if ends else "running", back)
    with undone():
        if at in NOTHING:
            with pytest.raises(Refused, match=r"supervision\.no_refund"):
                cancel.agree(pk, "We cannot.", by=by, clocks=CLOCKS, now=NOW)
        else:
            cancel.agree(pk, "We cannot.", by=by, clocks=CLOCKS, now=NOW)
        assert money(supervision) == ((buyer, PRICE, 0) if at in NOTHING else (buyer + PRICE, 0, 0))


UNOPENED = {("license_code", node) for node in ("deliver", "take", "activate")}
"""Where there is nothing yet that an operator could declare accepted."""


def _decided(supervision: Supervision, buyer: int) -> None:
    """Either side may appeal at every node; then nobody acts, and what the operator decides is what becomes of the money."""
    code, pk, operator = supervision.flow, supervision.pk, person(supervision, O)
    accepted = (buyer, PRICE, 0) if code == "provisioned" else (buyer, 0, PRICE)
    worth = {
        Appeal.Decision.CONTINUE: (buyer, PRICE, 0), Appeal.Decision.ACCEPT: accepted,
        Appeal.Decision.REFUND: (buyer + PRICE, 0, 0),
    }  # fmt: skip
    for side, decision in ((S, Appeal.Decision.CONTINUE), *((B, one) for one in worth)):
        with undone():
            appeal(pk, side, "why", (), by=person(supervision, side), clocks=CLOCKS, now=NOW)
            _nobody_acts(supervision)
            if decision is Appeal.Decision.ACCEPT and (code, supervision.node) in UNOPENED:
                with pytest.raises(Refused, match=r"supervision\.not_open"):
                    decide(pk, decision, "so", by=operator, clocks=CLOCKS, now=NOW)
                assert (again(supervision).status, money(supervision)) == ("appealed", (buyer, PRICE, 0))
                continue
            decide(pk, decision, "so", by=operator, clocks=CLOCKS, now=NOW)
            after = again(supervision)
            assert money(after) == worth[decision]
            if decision is Appeal.Decision.CONTINUE:
                assert (after.status, after.node, after.visit) == ("running", supervision.node, supervision.visit)


def _nobody_acts(supervision: Supervision) -> None:
    for party, what in TABLE[supervision.flow][supervision.node]:
        if party is not M:
            by = person(supervision, party)
            with pytest.raises(Refused, match=r"supervision\.appealed"):
                act(supervision.pk, party, what, Said(visit=supervision.visit), by=by, clocks=CLOCKS, now=NOW)
