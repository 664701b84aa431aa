"""Each flow as joint.md §2 and business-rules §2.10 have it: node × act × role, what leads where, and that nothing else can be done."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.factories import NOW
from tests.factories.products import ONCE
from tests.market.supervision.supervising import CLOCKS, again, person, supervised
from tradepost.market.base.errors import Refused
from tradepost.market.product_types.flows.contract import Act, Flow, Party, Provision, Refundable
from tradepost.market.product_types.flows.registry import flow, flows
from tradepost.market.supervision.act import Said, act
from tradepost.market.supervision.models import Supervision, Visit

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
    },
}
WHOLE = {
    ("demand", "demand"),
    ("demand", "confirm"),
    ("provisioned", "demand"),
    ("provisioned", "confirm"),
    ("shipping", "receiver"),
}
"""Where only all of it can be asked back; elsewhere a part, too."""
KINDS = {"demand": "MANUAL_SERVICE", "handover": "LICENSE_OFFLINE", "shipping": "HARDWARE"}


def test_every_flow_stands_in_the_table() -> None:
    found = {
        one.code: {node.code: {(move.by, move.act): move.to for move in node.moves} for node in one.nodes}
        for one in flows().values()
    }
    assert found == TABLE
    assert {
        (one.code, node.code) for one in flows().values() for node in one.nodes if node.refundable is Refundable.WHOLE
    } == WHOLE
    assert {one.code for one in flows().values() if one.provision is Provision.AT_ACCEPTANCE} == {"provisioned"}


@pytest.mark.parametrize("code", TABLE)
def test_after_a_milestone_the_next_one_is_delivered_and_reviews_come_where_they_were_wanted(code: str) -> None:
    for node in flow(code).nodes:
        for move in node.moves:
            assert move.more_to == (
                "deliver" if move.act is Act.ACCEPT and code in {"demand", "provisioned", "handover"} else ""
            )
            assert move.reviewed_to == ("review" if move.act is Act.DELIVER else "")


@pytest.mark.django_db
@pytest.mark.parametrize("code", KINDS)
def test_at_each_node_whatever_is_not_in_the_table_is_refused_and_changes_nothing(code: str) -> None:
    supervision = supervised(KINDS[code], price=ONCE)
    own: Flow = flow(code)
    assert supervision.flow == code
    people = {party: person(supervision, party) for party in (B, S, O)}
    for node in own.nodes:
        Supervision.objects.filter(pk=supervision.pk).update(node=node.code, owner=node.owner.value)
        before = Supervision.objects.filter(pk=supervision.pk).values().get()
        for party, by in people.items():
            for what in Act:
                if (party, what) in TABLE[code][node.code]:
                    continue
                with pytest.raises(Refused, match=r"supervision\.not_now"):
                    act(supervision.pk, party, what, Said(visit=1), by=by, clocks=CLOCKS, now=NOW)
        assert Supervision.objects.filter(pk=supervision.pk).values().get() == before
    assert (Visit.objects.count(), again(supervision).status) == (0, "running")
