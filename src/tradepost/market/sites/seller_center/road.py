"""Steps of industrial software to its first sale: open items of each step, the checklist of the access standard, and
required trials of the market's APIs (joint.md §5; business-rules §2.5)."""

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
from tradepost.market.debugging.api_trials import TrialKind, trials_of
from tradepost.market.identity.menus import Menu
from tradepost.market.industrial_road.facts import PROTOCOL, road_facts
from tradepost.market.industrial_road.models import MAX_NOTE_LENGTH, RetrofitAnswer
from tradepost.market.industrial_road.retrofit import AnswersRefused, ItemAnswer, answer, answers_of
from tradepost.market.industrial_road.steps import MOCK_ORDER, MissingItem, Step, current, steps
from tradepost.market.product_types.roads.industrial import CHECKLIST, ITEMS, Item
from tradepost.protocols.open_api.order_query import PATH as ORDER_QUERY
from tradepost.protocols.open_api.upload import upload_path

from .frame import SellerRequest, products_of, seller_page, show


class LackView(Struct, frozen=True):
    words: str
    url: str


class StepView(Struct, frozen=True):
    step: Step
    here: bool
    """Whether it is the first unfinished step."""
    lacks: list[LackView]


@require_safe
@seller_page(menu=Menu.OVERVIEW)
def road(request: SellerRequest) -> HttpResponse:
    """Show the steps to all members. Links are shown to readers who may open their page."""
    facts = road_facts(request.seller, products_of(request), now=request.now)
    road_steps = steps(facts)
    current_step = current(road_steps)
    return show(
        request, "seller_center/road.html",
        steps=[_step_view(step, request, here=step is current_step) for step in road_steps],
        done=sum(step.done for step in road_steps), number=len(road_steps), at=current_step, sold=facts.sold,
    )  # fmt: skip


def _page_url(lack: MissingItem) -> str:
    """Return the page to complete a step. A new address starts with the interface of these products."""
    url = reverse(f"seller_center:{lack.page}", args=lack.args)
    return f"{url}?protocol={PROTOCOL}" if lack.page == "address_new" else url


def _step_view(step: Step, request: SellerRequest, *, here: bool) -> StepView:
    # A seller that is not yet active can open only its entry (``standing``).
    may_open = request.rights.sees(step.menu) and (request.seller.is_selling or step.menu == Menu.COMPANY)
    return StepView(
        step, here,
        [
            LackView(lack.words, _page_url(lack) if lack.page and may_open else "")
            for lack in step.lacks
        ],
    )  # fmt: skip


class ChecklistRow(Struct, frozen=True):
    """An item of the checklist for the form."""

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
        return _retrofit_page(request)
    answers = {
        code: ItemAnswer(says=request.POST.get(f"says.{code}", ""), note=request.POST.get(f"note.{code}", ""))
        for code in ITEMS
        if f"says.{code}" in request.POST or f"note.{code}" in request.POST
    }
    try:
        answer(request.seller, answers, by=request.user.email, now=request.now)
    except AnswersRefused as refused:
        return _retrofit_page(request, answers, refused)
    messages.success(request, _("Saved."))
    return redirect("seller_center:road")


def _retrofit_page(
    request: SellerRequest, answers: Mapping[str, ItemAnswer] | None = None, refused: AnswersRefused | None = None
) -> HttpResponse:
    saved_answers, language = answers_of(request.seller), get_language()
    typed = answers or {code: ItemAnswer(says=saved.says, note=saved.note) for code, saved in saved_answers.items()}
    errors = refused.errors if refused else {}

    def row(item: Item) -> ChecklistRow:
        item_answer = typed.get(item.code, ItemAnswer(says=""))
        choices = [choice for choice in RetrofitAnswer.Says.choices if item.optional or choice[0] != "not_needed"]
        return ChecklistRow(
            item, item.title.in_language(language), item.what.in_language(language), item_answer.says, item_answer.note,
            errors.get(item.code, ""), saved_answers.get(item.code), [(value, str(label)) for value, label in choices],
        )  # fmt: skip

    parts = [(part.title.in_language(language), [row(item) for item in part.items]) for part in CHECKLIST]
    return show(
        request, "seller_center/road_retrofit.html", parts=parts,
        refused=refused, longest=MAX_NOTE_LENGTH,
    )  # fmt: skip


@require_safe
@seller_page(menu=Menu.TOOLS)
def apis(request: SellerRequest) -> HttpResponse:
    trials = trials_of(request.seller.pk)
    events = [trial for trial in trials if trial.what == TrialKind.EVENT]
    by_event = {(trial.what, trial.about): trial for trial in trials}
    event = events[0].about if events else ""
    base = config().base_url
    return show(
        request, "seller_center/road_apis.html",
        queries=[trial for trial in trials if trial.what == TrialKind.ORDER_QUERY],
        events=[(event, by_event.get((TrialKind.TEXT, event.about)), by_event.get((TrialKind.FILE, event.about))) for event in events],
        event=event, mock=MOCK_ORDER, query_url=f"{base}{ORDER_QUERY}?orderId={MOCK_ORDER}",
        upload_url=f"{base}{upload_path(event)}" if event else "", sample=_kit_sample(base, event),
    )  # fmt: skip


def _kit_sample(base: str, event: str) -> str:
    """Return the same three calls in code of the kit."""
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
