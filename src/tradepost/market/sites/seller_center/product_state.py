"""Describe the state of a product, its reason, and the seller's possible acts (business-rules §2.4, §2.8; saas-v2 §6)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _
from msgspec import Struct

from tradepost.market.base.models import Move
from tradepost.market.base.values import replace
from tradepost.market.catalog.models import Product
from tradepost.market.catalog.seller_queries import Versions
from tradepost.market.identity.menus import Menu, Rights
from tradepost.market.review.models import OPEN, Submission
from tradepost.market.web.product_history import cause_of

from .correcting import Remarks, remarks_of

SALE_STATES = frozenset({Product.Status.ON_SALE, Product.Status.FROZEN})
DOCUMENT_KINDS = frozenset({"publish", "modify"})
SALE_KINDS = frozenset({"restore", "delist"})


class Facts(Struct, frozen=True, kw_only=True):
    """Facts about a product. ``latest``: its last submission of any kind. ``remarks``: on its last document, while it
    has to be corrected. ``moves``: transitions of the product, newest first."""

    product: Product
    versions: Versions
    latest: Submission | None
    remarks: Remarks | None
    moves: tuple[Move, ...]

    @property
    def under_way(self) -> Submission | None:
        return self.latest if self.latest is not None and self.latest.status in OPEN else None

    @property
    def moved(self) -> Move | None:
        """Return the last transition of the product's own status."""
        return next((move for move in self.moves if move.lifecycle == "product"), None)


class Act(Struct, frozen=True):
    """An act. ``fields``: sent with a POST. ``dialog``: id of the confirmation."""

    code: str
    words: str
    icon: str
    url: str = ""
    fields: tuple[tuple[str, str], ...] = ()
    is_post: bool = False
    dialog: str = ""


class State(Struct, frozen=True):
    """A state. ``why``: the reason given by the operator or seller, or the result of the probes."""

    code: str
    tone: str
    icon: str
    title: str
    what_next: str
    at: datetime | None = None
    why: str = ""
    due: datetime | None = None
    remarks: Remarks | None = None
    available: tuple[Act, ...] = ()


def permitted(facts: Facts) -> frozenset[str]:
    """Return the acts that the product's state allows to readers who may change it."""
    return frozenset(_permitted(facts)) if facts.product.seller.is_selling else frozenset()


def _permitted(facts: Facts) -> Iterator[str]:
    status, versions, under_way = facts.product.status, facts.versions, facts.under_way
    is_stopped = status == Product.Status.STOPPED
    if not is_stopped and versions.sealed is None:
        yield "edit"
    if versions.draft is not None:
        yield "discard"
        if not is_stopped and under_way is None:
            yield "submit"
    if under_way is not None and under_way.status == Submission.Status.PENDING:
        yield "withdraw"
    if status == Product.Status.FROZEN and under_way is None:
        yield "restore"
    if status in SALE_STATES and under_way is None:
        yield "delist"
    if status in SALE_STATES and facts.product.hidden:
        yield "show"


def states_of(facts: Facts, rights: Rights) -> list[State]:
    """Return the states, sales first, then pending work. Each act appears once, with the first state that names it."""
    remaining = set(permitted(facts)) if rights.changes(Menu.PRODUCTS) else set()
    if rights.sees(Menu.TOOLS):
        remaining.add("probes")
    states = []
    for state, codes in _states(facts):
        available = tuple(_act(code, facts) for code in codes if code in remaining)
        remaining -= {act.code for act in available}
        states.append(replace(state, available=available))
    return states


type StateWithActs = tuple[State, tuple[str, ...]]


def _states(facts: Facts) -> Iterator[StateWithActs]:
    pending = list(_pending_states(facts))
    edit = () if any("edit" in codes for _state, codes in pending) else ("edit",)
    match facts.product.status:
        case Product.Status.STOPPED:
            yield _stopped_state(facts), ("discard",)
        case Product.Status.FROZEN:
            yield _frozen_state(facts), ("restore", "probes", *edit, "show", "delist")
        case Product.Status.ON_SALE:
            yield _on_sale_state(facts), ("show", *edit, "delist")
    yield from pending


def _stopped_state(facts: Facts) -> State:
    last_move = facts.moved
    words = _("This cannot be undone. Services in use run until the end of their paid period and cannot be renewed.")
    return State(
        "stopped",
        "bad",
        "ban",
        _("Sales have ended"),
        words,
        last_move.at if last_move else None,
        _cause_of_move(last_move),
    )


def _frozen_state(facts: Facts) -> State:
    last_move = facts.moved
    words = _("Correct the cause, then request to restore the sale. Services in use continue and can be renewed.")
    if facts.under_way is not None:
        words = _("Services in use continue and can be renewed.")
    return State(
        "frozen",
        "bad",
        "snowflake",
        _("Sales are suspended"),
        words,
        last_move.at if last_move else None,
        _cause_of_move(last_move),
    )


def _cause_of_move(moved: Move | None) -> str:
    return cause_of(moved.note) if moved is not None else ""


def _on_sale_state(facts: Facts) -> State:
    product = facts.product
    if not product.seller.is_selling:
        words = _("Your company is suspended. Its products are not sold until an operator lifts the suspension.")
        return State("company", "bad", "player-pause", _("Not sold"), words)
    if product.hidden:
        words = _("Only people with the link can buy it. Show it to list it in the store again.")
        return State("hidden", "calm", "eye-off", _("On sale, hidden"), words, product.listed_at)
    words = _("Buyers find it in the store and its search.")
    return State("on_sale", "ok", "circle-check", _("On sale"), words, product.listed_at)


def _pending_states(facts: Facts) -> Iterator[StateWithActs]:
    under_way = facts.under_way
    if under_way is not None:
        yield _in_review_state(facts, under_way), ("withdraw",)
    elif (state := _refused_request_state(facts)) is not None:
        yield state, ()
    if facts.versions.draft is not None and (under_way is None or under_way.kind not in DOCUMENT_KINDS):
        yield _draft_state(facts), ("edit", "submit", "discard")
    elif facts.remarks is not None and facts.versions.sealed is None and facts.product.status != Product.Status.STOPPED:
        yield _correction_state(facts.remarks), ("edit",)


def _in_review_state(facts: Facts, submission: Submission) -> State:
    if submission.kind == "restore":
        title = _("Your request to restore the sale is under review")
        words = _("The sale stays suspended until an operator approves the request.")
    elif submission.kind == "delist":
        title = _("Your request to end the sale is under review")
        words = _("Sales continue until an operator approves the request.")
    elif facts.versions.listed is not None:
        title = _("Your change is under review")
        words = _("The listed version stays as it is until an operator approves the change.")
    else:
        title = _("The product is under review")
        words = _("It is listed as soon as an operator approves it.")
    if submission.status == Submission.Status.CHECKING:
        words += " " + _("The market checks the submission first.")
    return State("review", "info", "clock", title, words, submission.sent_at, due=submission.due_at)


def _refused_request_state(facts: Facts) -> State | None:
    """Return the rejected request to restore or end the sale, if it concerns the current state and has to be corrected."""
    latest, last_move = facts.latest, facts.moved
    if latest is None or latest.kind not in SALE_KINDS or facts.product.status not in SALE_STATES:
        return None
    is_earlier = last_move is not None and latest.sent_at is not None and latest.sent_at < last_move.at
    remarks = None if is_earlier else remarks_of(latest)
    if remarks is None:
        return None
    words = _("Correct the request and submit it again.")
    title = {
        ("restore", "rejected"): _("The operator rejected your request to restore the sale"),
        ("restore", "failed"): _("Your request to restore the sale failed its checks"),
        ("restore", "withdrawn"): _("The request to restore the sale was withdrawn"),
        ("delist", "rejected"): _("The operator rejected your request to end the sale"),
        ("delist", "failed"): _("Your request to end the sale failed its checks"),
        ("delist", "withdrawn"): _("The request to end the sale was withdrawn"),
    }[latest.kind, str(latest.status)]
    return State("request", "warn", "message", title, words, latest.decided_at, remarks=remarks)


def _draft_state(facts: Facts) -> State:
    if facts.product.status == Product.Status.STOPPED:
        return State("draft", "calm", "edit", _("Draft in progress"), _("It can no longer be submitted."))
    if facts.remarks is not None:
        return _correction_state(facts.remarks)
    if facts.versions.listed is not None:
        words = _("Submit them for review. The listed version stays as it is until they are approved.")
        return State("changes", "info", "edit", _("You have unpublished changes"), words)
    words = _("Buyers cannot see it. Complete every section, then submit it for review.")
    return State("draft", "info", "edit", _("This product is a draft"), words)


def _correction_state(remarks: Remarks) -> State:
    status = str(remarks.submission.status)
    title = {
        "rejected": _("The operator rejected the submission"),
        "failed": _("The submission failed its checks"),
        "withdrawn": _("The submission was withdrawn"),
    }[status]
    words = _("Everything you submitted is still here. Correct it and submit it again.")
    return State(status, "warn", "message", title, words, remarks.submission.decided_at, remarks=remarks)


def _act(code: str, facts: Facts) -> Act:
    key = facts.product.pk
    match code:
        case "edit":
            section = (
                next((reason.section for reason in facts.remarks.reasons if reason.url), "base")
                if facts.remarks
                else "base"
            )
            words = _("Continue editing") if facts.versions.draft else _("Change the product")
            return Act(code, words, "edit", reverse("seller_center:product_draft", args=[key, section]))
        case "submit":
            return Act(code, _("Submit for review"), "send", reverse("seller_center:product_submit", args=[key]))
        case "withdraw":
            url = reverse("seller_center:product_withdraw", args=[key])
            return Act(code, _("Withdraw"), "arrow-back-up", url, is_post=True)
        case "restore":
            words = _("Request to restore the sale")
            return Act(code, words, "arrow-back-up", reverse("seller_center:product_restore", args=[key]))
        case "delist":
            return Act(code, _("End the sale"), "ban", reverse("seller_center:product_delist", args=[key]))
        case "show":
            url, fields = reverse("seller_center:product_visibility", args=[key]), (("what", "show"),)
            return Act(code, _("Show the product"), "eye", url, fields, is_post=True)
        case "probes":
            return Act(code, _("View its probes"), "heartbeat", reverse("seller_center:probes_product", args=[key]))
        case "discard":
            return Act(code, _("Discard draft"), "trash", dialog="sc-discard")
    raise LookupError(code)
