"""The product page shows past events with their reasons, and exactly the acts that are permitted in each state (issue
27, 6)."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from unittest import mock

import pytest
from django.db import transaction
from django.test import Client
from msgspec import Struct

from tests.factories import make_operator
from tests.factories.companies import owner_of
from tests.factories.people import NOW
from tests.factories.pictures import make_proof
from tests.market.review import publishing
from tests.market.sites.seller_center.shops import enter
from tradepost.market.base.config import config
from tradepost.market.base.values import replace
from tradepost.market.catalog import controls, delist, drafts, trading
from tradepost.market.catalog.listing import listed_document
from tradepost.market.catalog.models import Product, Version
from tradepost.market.identity.models import Seller
from tradepost.market.review import decide, hand_in
from tradepost.market.review.kinds.delist import Delisting
from tradepost.market.review.kinds.restore import RestoreRequest
from tradepost.market.review.models import Submission
from tradepost.market.web import refusals
from tradepost.protocols.text import Text

pytestmark = pytest.mark.django_db
OPERATOR_SAYS = "图片不清晰，请更换"
LATER = NOW + timedelta(minutes=1)


def settle(sent: Submission, outcome: str) -> None:
    match outcome:
        case "rejected":
            sections = {"restore": "restore", "delist": "delist"}
            reasons = {sections.get(sent.kind, "media"): OPERATOR_SAYS}
            decide.reject(sent, reasons=reasons, by=make_operator(), settings=config(), now=LATER)
        case "withdrawn":
            decide.withdraw(sent, by=owner_of(sent.seller), settings=config(), now=LATER)


def new_product(outcome: str) -> Product:
    product = publishing.ready()
    match outcome:
        case "draft":
            return product
        case "checking":
            publishing.submitted(product)
        case "failed":
            publishing.submitted(product)
            publishing.end_replay(failing="releaseInstance")
        case _:
            settle(publishing.pending(product), outcome)
    return product


def change(product: Product) -> None:
    document = listed_document(product)
    assert document is not None
    base = replace(document.base, summary=Text(zh="改过的一句话介绍", en="Changed"))
    drafts.save_section(product, "base", base, seen=0, by=owner_of(product.seller), now=NOW)


def listed_product(outcome: str = "") -> Product:
    product = publishing.listed()
    match outcome:
        case "hidden":
            controls.hide(product, now=NOW, by="t")
        case "changed":
            change(product)
        case "under review" | "rejected" | "withdrawn":
            change(product)
            settle(publishing.pending(product), outcome)
        case "suspended":
            Seller.objects.filter(pk=product.seller_id).update(status=Seller.Status.SUSPENDED)
    return product


def frozen_product(outcome: str = "") -> Product:
    product = publishing.listed()
    if outcome == "by probes":
        trading.freeze(product, cause=f"{trading.PROBES_PREFIX}5", actor="probes", now=NOW, failing_days=5)
        return product
    trading.freeze(product, cause=OPERATOR_SAYS, actor="operator", now=NOW)
    if outcome:
        restoring = RestoreRequest(repaired="已更换证书")
        sent = hand_in.request_restoring(product, restoring, by=owner_of(product.seller), settings=config(), now=NOW)
        publishing.end_replay()
        sent.refresh_from_db()
        settle(sent, outcome)
    return product


def ending_product(outcome: str = "") -> Product:
    product = publishing.listed()
    proof = make_proof(product.seller).sha256
    delisting = Delisting(what="product", named="x", reason="不再维护。", proof="已通知全部用户。", attachment=proof)
    sent = hand_in.request_delisting(product, delisting, by=owner_of(product.seller), settings=config(), now=NOW)
    settle(sent, outcome)
    return product


def stopped_product(outcome: str = "") -> Product:
    product = listed_product(outcome)
    delist.stop(product, reason=OPERATOR_SAYS, actor="operator", now=NOW, by_operator=True)
    return product


class Case(Struct, frozen=True):
    """``states`` in their order. ``says``: texts that the page must contain; ``why``: whether the operator's reason is
    shown."""

    make: Callable[[], Product]
    states: tuple[str, ...]
    acts: frozenset[str]
    says: str
    why: bool = False


def case(make: Callable[[], Product], states: str, acts: str, says: str, *, why: bool = False) -> Case:
    return Case(make, tuple(states.split()), frozenset(acts.split()), says, why)


CASES = {
    "draft": case(lambda: new_product("draft"), "draft", "edit submit discard", "This product is a draft"),
    "checking": case(lambda: new_product("checking"), "review", "", "The product is under review"),
    "in review": case(lambda: new_product("pending"), "review", "withdraw", "The product is under review"),
    "failed": case(lambda: new_product("failed"), "failed", "edit submit discard", "The submission failed its checks"),
    "rejected": case(
        lambda: new_product("rejected"), "rejected", "edit submit discard", "The operator rejected the submission", why=True
    ),
    "withdrawn": case(lambda: new_product("withdrawn"), "withdrawn", "edit submit discard", "The submission was withdrawn"),
    "listed": case(listed_product, "on_sale", "edit delist", "Buyers find it in the store"),
    "hidden": case(lambda: listed_product("hidden"), "hidden", "show edit delist", "Only people with the link"),
    "changed": case(
        lambda: listed_product("changed"), "on_sale changes", "edit submit discard delist", "You have unpublished changes"
    ),
    "change in review": case(
        lambda: listed_product("under review"), "on_sale review", "withdraw", "Your change is under review"
    ),
    "change rejected": case(
        lambda: listed_product("rejected"), "on_sale rejected", "edit submit discard delist",
        "The operator rejected the submission", why=True,
    ),
    "change withdrawn": case(
        lambda: listed_product("withdrawn"), "on_sale withdrawn", "edit submit discard delist", "The submission was withdrawn"
    ),
    "company suspended": case(lambda: listed_product("suspended"), "company", "", "Your company is suspended"),
    "frozen by operator": case(
        frozen_product, "frozen", "restore probes edit delist", "Correct the cause, then request to restore the sale. Services in use continue and can be renewed", why=True
    ),
    "frozen by probes": case(
        lambda: frozen_product("by probes"), "frozen", "restore probes edit delist", "failed the probes on 5 days in a row"
    ),
    "restore in review": case(
        lambda: frozen_product("pending"), "frozen review", "probes edit withdraw", "Your request to restore the sale is under review",
        why=True,
    ),
    "restore rejected": case(
        lambda: frozen_product("rejected"), "frozen request", "restore probes delist edit",
        "The operator rejected your request to restore", why=True,
    ),
    "restore withdrawn": case(
        lambda: frozen_product("withdrawn"), "frozen request", "restore probes delist edit",
        "The request to restore the sale was withdrawn", why=True,
    ),
    "delisting": case(ending_product, "on_sale review", "withdraw edit", "Your request to end the sale is under review"),
    "delisting rejected": case(
        lambda: ending_product("rejected"), "on_sale request", "edit delist", "The operator rejected your request to end", why=True
    ),
    "stopped": case(stopped_product, "stopped", "", "Sales have ended", why=True),
    "stopped after a rejected change": case(
        lambda: stopped_product("rejected"), "stopped draft", "discard", "It can no longer be submitted.", why=True
    ),
}  # fmt: skip


def page_of(client: Client, product: Product) -> str:
    answer = client.get(f"/seller/products/{product.pk}/")
    assert answer.status_code == 200
    return answer.text


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_page_shows_the_last_event_and_offers_the_permitted_acts(name: str) -> None:
    expected = CASES[name]
    product = expected.make()
    product.refresh_from_db()
    client = enter(owner_of(product.seller))
    text = page_of(client, product)
    assert tuple(re.findall(r'data-state="(\w+)"', text)) == expected.states
    offered = re.findall(r'data-act="(\w+)"', text)
    assert len(offered) == len(set(offered))
    assert set(offered) == expected.acts
    assert expected.says in text
    assert (OPERATOR_SAYS in text) is expected.why
    assert {act for act in TRIES if is_permitted(client, product, act)} == expected.acts - {"probes"}


def is_permitted(client: Client, product: Product, act: str) -> bool:
    """Run it and roll it back."""
    with transaction.atomic():
        response = TRIES[act](client, product)
        transaction.set_rollback(True)
    return response


def _edit(client: Client, product: Product) -> bool:
    if not product.seller.is_selling:
        return client.post(f"/seller/products/{product.pk}/draft/base/", {}).status_code != 403
    return client.get(f"/seller/products/{product.pk}/draft/base/").status_code == 200


def _submit(client: Client, product: Product) -> bool:
    return _is_accepted(client, product, "submit/", {})


def _restore(client: Client, product: Product) -> bool:
    return _is_accepted(client, product, "restore/", {"repaired": "x"})


def _delist(client: Client, product: Product) -> bool:
    return _is_accepted(client, product, "delist/", {"node": "product", "reason": "x", "proof": "y"})


def _is_accepted(client: Client, product: Product, page: str, data: dict[str, str]) -> bool:
    """An incomplete form may also be submitted; a state that does not allow it returns 409."""
    with mock.patch.object(refusals, "CORRECTABLE", {200}):  # a refusal keeps its own status
        answer = client.post(f"/seller/products/{product.pk}/{page}", data)
    assert answer.status_code in {302, 400, 403, 409, 422}
    return answer.status_code in {302, 400, 422}


def _withdraw(client: Client, product: Product) -> bool:
    client.post(f"/seller/products/{product.pk}/submit/withdraw/")
    return Submission.objects.filter(product=product, status="withdrawn", decided_at__gt=LATER).exists()


def _discard(client: Client, product: Product) -> bool:
    before = Version.objects.filter(product=product, status="draft").exists()
    client.post(f"/seller/products/{product.pk}/discard/")
    return before and not Version.objects.filter(product=product.pk, status="draft").exists()


def _show(client: Client, product: Product) -> bool:
    client.post(f"/seller/products/{product.pk}/controls/visibility/", {"what": "show"})
    return product.hidden and not Product.objects.get(pk=product.pk).hidden


TRIES: dict[str, Callable[[Client, Product], bool]] = {
    "edit": _edit, "submit": _submit, "restore": _restore, "delist": _delist, "withdraw": _withdraw,
    "discard": _discard, "show": _show,
}  # fmt: skip


def test_request_from_before_the_last_freeze_is_not_shown() -> None:
    product = frozen_product("rejected")
    trading.unfreeze(product, actor="operator", now=LATER)
    trading.freeze(product, cause="证书过期", actor="operator", now=LATER + timedelta(days=1))
    text = page_of(enter(owner_of(product.seller)), product)
    assert "证书过期" in text
    assert OPERATOR_SAYS not in text


def test_withdrawal_of_a_request_returns_to_the_product() -> None:
    product = ending_product()
    client = enter(owner_of(product.seller))
    [action] = re.findall(
        r'<form method="post" action="([^"]+)">(?:(?!</form>).)*data-act="withdraw"',
        page_of(client, product),
        re.DOTALL,
    )
    assert client.post(action)["Location"] == f"/seller/products/{product.pk}/"
    assert Submission.objects.get(kind="delist").status == "withdrawn"
