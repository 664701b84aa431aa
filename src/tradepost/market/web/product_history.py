"""What happened to a product's sale, for its seller and for operators: listed, frozen, stopped, and every change of a control."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from msgspec import Struct

from tradepost.market.base.models import Move
from tradepost.market.catalog.controls import HISTORY, spec_names
from tradepost.market.catalog.models import Product, SalesTarget
from tradepost.market.catalog.trading import BY_PROBES
from tradepost.market.notifications.facts import is_chinese

from .status import look
from .timeline import TimelineEvent, moves_of

MOST = 50
"""The latest of them: a seller may change a stock every day."""


class _Change(Struct, frozen=True):
    title: str | Promise
    icon: str
    tone: str = "calm"


CHANGES: Mapping[str, _Change] = {
    "hide": _Change(gettext_lazy("Hidden: sold by its link"), "eye-off"),
    "show": _Change(gettext_lazy("Public, with every spec"), "eye"),
    "hide spec": _Change(gettext_lazy("Spec sold by its link"), "eye-off"),
    "show spec": _Change(gettext_lazy("Spec public"), "eye"),
    "limit": _Change(gettext_lazy("Purchase limit changed"), "shopping-cart"),
    "target": _Change(gettext_lazy("Sales target changed"), "users"),
    "stock": _Change(gettext_lazy("Stock changed"), "package"),
    "stop spec": _Change(gettext_lazy("Sales of a spec ended"), "ban", "warn"),
    "stop sku": _Change(gettext_lazy("Sales of a SKU ended"), "ban", "warn"),
}
NONE = pgettext_lazy("purchase limit", "none")


def product_events(product: Product, *, with_actors: bool) -> list[TimelineEvent]:
    """Oldest first, the latest of them. ``with_actors``: for those who run the market, who did it."""
    names = spec_names(product)
    moves = sorted(moves_of("product", product.pk) + moves_of(HISTORY, product.pk), key=lambda move: (move.at, move.pk))
    return [_event(move, names, with_actors=with_actors) for move in moves[-MOST:]]


def _event(move: Move, names: Mapping[str, tuple[str, str]], *, with_actors: bool) -> TimelineEvent:
    actor = move.actor if with_actors and move.actor != "market" else ""
    if move.lifecycle != HISTORY or move.event not in CHANGES:
        shown = look("product", move.after)
        return TimelineEvent(move.at, shown.label, _joined(_cause(move.note), actor), shown.icon, shown.tone)
    change = CHANGES[move.event]
    return TimelineEvent(move.at, change.title, _joined(_said(move, names), actor), change.icon, change.tone)


def _cause(note: str) -> str:
    days = note.removeprefix(BY_PROBES)
    if days == note:
        return note
    return _("Its production interface failed the probes on %(days)s days in a row.") % {"days": days}


def _said(move: Move, names: Mapping[str, tuple[str, str]]) -> str:
    match move.event:
        case "stock":
            return f"{move.before} → {move.after}"
        case "limit":
            return _joined(_named(move.note, names), str(move.after or NONE))
        case "target":
            words = dict(SalesTarget.Audience.choices).get(move.after, _("Everyone"))
            return _joined(_named(move.note, names), str(words))
        case "hide spec" | "show spec":
            return _named(move.note, names)
        case _:
            return move.note


def _named(key: str, names: Mapping[str, tuple[str, str]]) -> str:
    zh, en = names.get(key, ("", ""))
    return zh if is_chinese() else en or zh


def _joined(*parts: str) -> str:
    return " · ".join(part for part in parts if part)
