"""What only a sandbox has: services charged by usage, and every change that an engineer can try, in every state."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from tests.released.order_cases import (
    creation_pending,
    creation_retried,
    delivered_untold,
    paid_untold,
    stopped,
    unpaid,
)
from tests.released.service_cases import frozen, in_use, renewal_given_up, renewal_retried, renewed
from tests.released.stage import ALL, FREEZE, NOTHING, SAAS, UNFREEZE, Case, Differs, Last, Stage, Steps, back, each
from tradepost.market.catalog.models import Offer
from tradepost.market.fulfilment import sandbox_acts
from tradepost.market.fulfilment.sandbox import SandboxAct, Target, start_act
from tradepost.market.subscriptions.models import Subscription

BY = "engineer@your-company.example"
DONE, UNDER_WAY, GAVE_UP = "done", "refused, tried again", "given up"
LEASED, NOT_BEGUN, END_UNTOLD, UNTOLD = (
    "taken by a worker that died",
    "not begun",
    "done, its end not told",
    "done, not told",
)
STATES = (DONE, UNDER_WAY, GAVE_UP, LEASED, NOT_BEGUN, END_UNTOLD, UNTOLD)
IN_THE_LAST_MINUTE = {LEASED: Last.LEASED, NOT_BEGUN: Last.WAITING, END_UNTOLD: Last.ENDED, UNTOLD: Last.ENDED}


def other_edition(held: Subscription) -> Target:
    found = Subscription.objects.select_related("offer__sku").get(pk=held.pk)
    offers = Offer.objects.filter(
        sku__spec=found.offer.sku.spec_id, period_type=found.offer.period_type, charging_mode="PERIOD"
    )
    return Target(offers.exclude(pk=found.offer_id).select_related("sku__spec__product__seller")[0], 5)


type Act = Callable[[Stage, Subscription], object]
ACTS: dict[str, tuple[Act, str, tuple[str, ...]]] = {
    "renewal": (lambda m, s: tried(m, s, sandbox_acts.Act.RENEW), "Refresh", ()),
    "cancelled renewal": (lambda m, s: tried(m, s, sandbox_acts.Act.CANCEL_RENEWAL), "Refresh", ("renewal",)),
    "second cancelled renewal": (
        lambda m, s: tried(m, s, sandbox_acts.Act.CANCEL_RENEWAL), "Refresh", ("renewal", "renewal", "cancelled renewal"),
    ),
    "freeze": (lambda m, s: tried(m, s, sandbox_acts.Act.FREEZE), FREEZE, ()),
    "unfreeze": (lambda m, s: tried(m, s, sandbox_acts.Act.UNFREEZE), UNFREEZE, ("freeze",)),
    "renewal of the frozen": (lambda m, s: tried(m, s, sandbox_acts.Act.RENEW), "Refresh", ("freeze",)),
    "upgrade": (lambda m, s: tried(m, s, sandbox_acts.Act.UPGRADE, other_edition(s)), "Upgrade", ()),
    "question of a renewal with change": (
        lambda m, s: tried(m, s, sandbox_acts.Act.RENEW_CHANGED, other_edition(s)), "CheckChange", (),
    ),
    "renewal with change": (
        lambda m, s: tried(m, s, sandbox_acts.Act.RENEW_CHANGED, other_edition(s)), "Refresh", (),
    ),
    "release": (lambda m, s: tried(m, s, sandbox_acts.Act.RELEASE), "Release", ()),
    "release of the frozen": (lambda m, s: tried(m, s, sandbox_acts.Act.RELEASE), "Release", ("freeze",)),
}  # fmt: skip
"""The button, the calls that the seller may refuse, and the acts before it."""
EVERYWHERE = ("renewal", "cancelled renewal", "second cancelled renewal", "freeze", "renewal of the frozen", "release", "release of the frozen")  # fmt: skip
CAN = {
    "saas_v2": tuple(ACTS),
    "saas_v1": (*EVERYWHERE, "upgrade"),
    "license_v1": EVERYWHERE,
    "license_online": (*EVERYWHERE, "unfreeze"),
}
VARIANTS = {"second cancelled renewal", "renewal of the frozen", "release of the frozen"}
"""Acts whose last minute another act shows already."""
ONE_TRY = {"license_v1"}
"""Its calls are not retried (saas-v1-license B1)."""


def tried(m: Stage, subscription: Subscription, act: sandbox_acts.Act, target: Target | None = None) -> None:
    start_act(SandboxAct(subscription=subscription, act=act, actor=BY, now=m.now, target=target), sandbox=True)


def try_out_cases() -> list[Case]:
    choices = [(protocol, act, state) for protocol, acts in CAN.items() for act in acts for state in STATES]
    return [
        case
        for choice in choices
        if _is_a_case(*choice)
        for case in each("{}: {} tried out, {}", tried_out, [choice], _differs(*choice[1:]))
    ]


def _differs(act: str, state: str) -> Differs:
    if act == "renewal of the frozen":
        why = "a freeze by hand has a reason of its own, which a renewal does not lift"
        return {"status": why, "calls": why}
    if (act, state) == ("freeze", GAVE_UP):
        return {
            "calls": "a freeze that was given up is not asked again at the end of the paid time, before it is resolved"
        }
    return NOTHING


def _is_a_case(protocol: str, act: str, state: str) -> bool:
    if state == UNDER_WAY:
        return protocol not in ONE_TRY and "question" not in act
    if state == GAVE_UP and protocol == "license_online":  # after sixty attempts
        return act in {"renewal", "unfreeze"}
    if state in {NOT_BEGUN, UNTOLD} and protocol.startswith("license"):
        return False  # as over the other protocols
    return state in {DONE, GAVE_UP} or act not in VARIANTS


def tried_out(m: Stage, company: str, what: str, state: str) -> Steps[None]:
    act, refusable, before = ACTS[what]
    held = yield from m.delivered(company, shape="editions", at=back(days=25), quantity=2)
    for days, earlier in enumerate(before):
        yield back(days=20 - days)
        ACTS[earlier][0](m, held)
    yield back(days=12)
    if state in {UNDER_WAY, GAVE_UP}:
        m.refuse(refusable, held)
    if state == END_UNTOLD:
        m.slow.add(held.pk)
    yield (
        IN_THE_LAST_MINUTE.get(state) or {DONE: back(days=4), UNDER_WAY: back(minutes=12), GAVE_UP: back(days=2)}[state]
    )
    act(m, held)


# --- by usage ---------------------------------------------------------------------------------------------------------


def on_demand(m: Stage, company: str, what: str, state: str) -> Steps[None]:
    held = yield from m.delivered(
        company, "usage", shape="metered", at=back(days=30), buyer=f"{what} {state}".replace(" ", "-")
    )
    m.will.metered.add(held.instance_id)
    yield from metered_act(m, held, what, state)


def package(m: Stage, company: str, what: str, state: str) -> Steps[None]:
    """Return a package deducted from the same buyer's service on demand."""
    buyer = f"package {what} {state}".replace(" ", "-")
    yield from m.delivered(company, "usage", shape="metered", at=back(days=30), buyer=buyer)
    held = yield from m.delivered(company, "package", shape="metered", at=back(days=20), buyer=buyer)
    m.will.metered.add(held.instance_id)
    yield from metered_act(m, held, what, state)


def metered_act(m: Stage, held: Subscription, what: str, state: str) -> Steps[None]:
    acts: dict[str, tuple[Act, str]] = {
        "query": (lambda m, s: tried(m, s, sandbox_acts.Act.QUERY), "Query"),
        "freeze": (lambda m, s: tried(m, s, sandbox_acts.Act.FREEZE), FREEZE),
        "release": (lambda m, s: tried(m, s, sandbox_acts.Act.RELEASE), "Release"),
    }
    if what == "opening":
        return
    act, refusable = acts[what]
    if state in {UNDER_WAY, GAVE_UP}:
        m.refuse(refusable, held)
    if state == END_UNTOLD:
        m.slow.add(held.pk)
    yield (
        IN_THE_LAST_MINUTE.get(state) or {DONE: back(days=4), UNDER_WAY: back(minutes=12), GAVE_UP: back(days=2)}[state]
    )
    act(m, held)


def package_ended(m: Stage, company: str) -> Steps[None]:
    yield from m.delivered(company, "usage", shape="metered", at=back(days=45), buyer="package-ended")
    yield from m.delivered(company, "package", shape="metered", at=back(days=32), buyer="package-ended")


def on_demand_opening(m: Stage, company: str) -> Steps[None]:
    yield back(minutes=90)
    m.buy(company, "usage", shape="metered", refuse=True)


def on_demand_given_up(m: Stage, company: str) -> Steps[None]:
    yield back(days=2) + timedelta(minutes=5)
    m.buy(company, "usage", shape="metered", wait=True)


def sandbox() -> list[Case]:
    metered = [
        (protocol, what, state)
        for (protocol,) in SAAS
        for what, states in {
            "opening": (DONE,),
            "query": (DONE, GAVE_UP, LEASED, NOT_BEGUN),
            "freeze": (DONE, UNDER_WAY, GAVE_UP),
            "release": (DONE, UNDER_WAY, GAVE_UP),
        }.items()
        for state in states
    ]
    return [
        Case("order unpaid", unpaid),
        Case("license_v1: creation stopped", stopped),
        *each("{}: order paid, not told", paid_untold, ALL),
        *each("{}: delivered, not told", delivered_untold, ALL),
        *each("{}: creation refused, tried again", creation_retried, ALL),
        *each("{}: creation said to be under way", creation_pending, ALL),
        *each("{}: in use, bought by {}", in_use, [(protocol, "year") for (protocol,) in ALL]),
        *each("{}: renewed", renewed, ALL),
        *each("{}: renewal refused, tried again", renewal_retried, SAAS),
        *each("{}: renewal given up", renewal_given_up, ALL),
        *each("{}: frozen", frozen, ALL),
        *try_out_cases(),
        *each("{}: on demand, {}, {}", on_demand, metered),
        *each("{}: package, {}, {}", package, [one for one in metered if one[1] != "query" or one[2] == DONE]),
        *each("{}: package whose time ended", package_ended, SAAS),
        *each("{}: on demand, creation refused, tried again", on_demand_opening, SAAS),
        *each("{}: on demand, creation given up", on_demand_given_up, SAAS),
    ]
