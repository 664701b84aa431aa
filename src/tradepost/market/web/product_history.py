"""The history of a product's sale, for its seller and for operators: listed, frozen, stopped, and each change of a
control."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from msgspec import Struct

from tradepost.market.base.models import Move
from tradepost.market.catalog.controls import HISTORY, spec_names
from tradepost.market.catalog.models import Product, SalesTarget
from tradepost.market.catalog.trading import PROBES_PREFIX
from tradepost.market.notifications.facts import is_chinese

from .status import look
from .timeline import TimelineEvent, moves_of

MAX_EVENTS = 50
"""Number of latest events shown; a seller may change a stock every day."""


class _Change(Struct, frozen=True):
    title: str | Promise
    icon: str
    tone: str = "calm"


CHANGES: Mapping[str, _Change] = {
    "hide": _Change(gettext_lazy("Hidden: sold by its link"), "eye-off"),
    "show": _Change(gettext_lazy("Public, with all specs"), "eye"),
    "hide spec": _Change(gettext_lazy("Spec sold by its link"), "eye-off"),
    "show spec": _Change(gettext_lazy("Spec public"), "eye"),
    "limit": _Change(gettext_lazy("Purchase limit changed"), "shopping-cart"),
    "target": _Change(gettext_lazy("Sales target changed"), "users"),
    "stock": _Change(gettext_lazy("Stock changed"), "package"),
    "stop spec": _Change(gettext_lazy("Sales of a spec ended"), "ban", "warn"),
    "stop sku": _Change(gettext_lazy("Sales of a SKU ended"), "ban", "warn"),
}
NO_LIMIT = pgettext_lazy("purchase limit", "none")


def product_events(product: Product, *, with_actors: bool) -> list[TimelineEvent]:
    """Return the latest events, oldest first. ``with_actors``: include the people, for operators."""
    names = spec_names(product)
    moves = sorted(moves_of("product", product.pk) + moves_of(HISTORY, product.pk), key=lambda move: (move.at, move.pk))
    return [_event(move, names, with_actors=with_actors) for move in moves[-MAX_EVENTS:]]


def _event(move: Move, names: Mapping[str, tuple[str, str]], *, with_actors: bool) -> TimelineEvent:
    actor = move.actor if with_actors and move.actor != "market" else ""
    if move.lifecycle != HISTORY or move.event not in CHANGES:
        status = look("product", move.after)
        return TimelineEvent(move.at, status.label, _join_parts(cause_of(move.note), actor), status.icon, status.tone)
    change = CHANGES[move.event]
    return TimelineEvent(move.at, change.title, _join_parts(_change_text(move, names), actor), change.icon, change.tone)


def cause_of(note: str) -> str:
    """Return why a product was frozen or stopped: the note of the person, or the result of its probes."""
    days = note.removeprefix(PROBES_PREFIX)
    if days == note:
        return note
    return _("Its production interface failed the probes on %(days)s days in a row.") % {"days": days}


def _change_text(move: Move, names: Mapping[str, tuple[str, str]]) -> str:
    match move.event:
        case "stock":
            return f"{move.before} → {move.after}"
        case "limit":
            return _join_parts(_spec_name(move.note, names), str(move.after or NO_LIMIT))
        case "target":
            words = dict(SalesTarget.Audience.choices).get(move.after, _("Everyone"))
            return _join_parts(_spec_name(move.note, names), str(words))
        case "hide spec" | "show spec":
            return _spec_name(move.note, names)
        case _:
            return move.note


def _spec_name(key: str, names: Mapping[str, tuple[str, str]]) -> str:
    zh, en = names.get(key, ("", ""))
    return zh if is_chinese() else en or zh


def _join_parts(*parts: str) -> str:
    return " · ".join(part for part in parts if part)
