"""The road of industrial software: its steps with what each still lacks, the checklist of the access standard, and what a program
must have tried at the market's APIs (joint.md §5; business-rules §2.5)."""

from __future__ import annotations

from collections.abc import Mapping

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe
from msgspec import Struct

from tradepost.market.base.config import config
from tradepost.market.debugging.api_trials import What, trials_of
from tradepost.market.identity.menus import Menu
from tradepost.market.industrial_road.facts import PROTOCOL, road_facts
from tradepost.market.industrial_road.models import LONGEST_NOTE, RetrofitAnswer
from tradepost.market.industrial_road.retrofit import AnswersRefused, Said, answer, answers_of
from tradepost.market.industrial_road.steps import MOCK_ORDER, Lack, Step, current, steps
from tradepost.market.product_types.roads.industrial import CHECKLIST, ITEMS, Item
from tradepost.protocols.open_api.order_query import PATH as ORDER_QUERY
from tradepost.protocols.open_api.upload import upload_path

from .frame import SellerRequest, products_of, seller_page, show


class ShownLack(Struct, frozen=True):
    words: str
    url: str


class ShownStep(Struct, frozen=True):
    step: Step
    here: bool
    """It is the first that is not done."""
    lacks: list[ShownLack]


@require_safe
@seller_page(menu=Menu.OVERVIEW)
def road(request: SellerRequest) -> HttpResponse:
    """Everybody who acts for the seller reads it; links are for those who see what they lead to."""
    facts = road_facts(request.seller, products_of(request), now=request.now)
    whole = steps(facts)
    at = current(whole)
    return show(
        request, "seller_center/road.html", steps=[_shown(one, request, here=one is at) for one in whole],
        done=sum(one.done for one in whole), number=len(whole), at=at, sold=facts.sold,
    )  # fmt: skip


def _leads_to(lack: Lack) -> str:
    """The page on which it is mended; the form of an address begins with the interface of this road."""
    url = reverse(f"seller_center:{lack.page}", args=lack.args)
    return f"{url}?protocol={PROTOCOL}" if lack.page == "address_new" else url


def _shown(step: Step, request: SellerRequest, *, here: bool) -> ShownStep:
    # More than its entry is open to a seller that is admitted alone (``standing``).
    leads = request.rights.sees(step.menu) and (request.seller.is_selling or step.menu == Menu.COMPANY)
    return ShownStep(
        step, here,
        [
            ShownLack(one.words, _leads_to(one) if one.page and leads else "")
            for one in step.lacks
        ],
    )  # fmt: skip


class Row(Struct, frozen=True):
    """One item of the checklist as the form shows it."""

    item: Item
    title: str
    what: str
    says: str
    note: str
    error: str
    kept: RetrofitAnswer | None
    choices: list[tuple[str, str]]


@require_http_methods(["GET", "HEAD", "POST"])
@seller_page(menu=Menu.TOOLS)
def retrofit(request: SellerRequest) -> HttpResponse:
    if request.method != "POST":
        return _retrofit(request)
    said = {
        code: Said(says=request.POST.get(f"says.{code}", ""), note=request.POST.get(f"note.{code}", ""))
        for code in ITEMS
        if f"says.{code}" in request.POST or f"note.{code}" in request.POST
    }
    try:
        answer(request.seller, said, by=request.user.email, now=request.now)
    except AnswersRefused as refused:
        return _retrofit(request, said, refused)
    messages.success(request, _("The answers are kept."))
    return redirect("seller_center:road")


def _retrofit(
    request: SellerRequest, said: Mapping[str, Said] | None = None, refused: AnswersRefused | None = None
) -> HttpResponse:
    kept, language = answers_of(request.seller), get_language()
    typed = said or {code: Said(says=one.says, note=one.note) for code, one in kept.items()}
    errors = refused.errors if refused else {}

    def row(item: Item) -> Row:
        one = typed.get(item.code, Said(says=""))
        choices = [choice for choice in RetrofitAnswer.Says.choices if item.optional or choice[0] != "not_needed"]
        return Row(
            item, item.title.in_language(language), item.what.in_language(language), one.says, one.note,
            errors.get(item.code, ""), kept.get(item.code), [(value, str(label)) for value, label in choices],
        )  # fmt: skip

    parts = [(part.title.in_language(language), [row(item) for item in part.items]) for part in CHECKLIST]
    return show(
        request, "seller_center/road_retrofit.html", status=refused.status if refused else 200, parts=parts,
        refused=refused, longest=LONGEST_NOTE,
    )  # fmt: skip


@require_safe
@seller_page(menu=Menu.TOOLS)
def apis(request: SellerRequest) -> HttpResponse:
    trials = trials_of(request.seller.pk)
    events = [one for one in trials if one.what == What.EVENT]
    by_event = {(one.what, one.about): one for one in trials}
    event = events[0].about if events else ""
    base = config().base_url
    return show(
        request, "seller_center/road_apis.html",
        queries=[one for one in trials if one.what == What.ORDER_QUERY],
        events=[(one, by_event.get((What.TEXT, one.about)), by_event.get((What.FILE, one.about))) for one in events],
        event=event, mock=MOCK_ORDER, query_url=f"{base}{ORDER_QUERY}?orderId={MOCK_ORDER}",
        upload_url=f"{base}{upload_path(event)}" if event else "", sample=_sample(base, event),
    )  # fmt: skip


def _sample(base: str, event: str) -> str:
    """The same three calls with the kit. Names in it are the kit's."""
    return "\n".join(
        (
            "from tradepost.kit.client import MarketClient",
            "",
            f'market = MarketClient("{base}", access_key, secret)',
            f'print(market.order("{MOCK_ORDER}"))',
            f'market.upload_text("{event or "…"}", "LICENSE-TEXT")',
            f'market.upload_file("{event or "…"}", "license.lic", open("license.lic", "rb").read())',
        )
    )
