"""Why a way to pay is missing, in sentences of the reader's language, as they stand beside the choice of how to pay."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy

from tradepost.market.catalog.view import WAYS, ProductView
from tradepost.market.catalog.why_missing import TRIAL, Missing, Why, missing, ways_of
from tradepost.market.notifications.facts import is_chinese

SAID: dict[str, str | Promise] = {
    "month": pgettext_lazy("sold", "by the month"),
    "year": pgettext_lazy("sold", "by the year"),
    "day": pgettext_lazy("sold", "by the day"),
    "once": pgettext_lazy("sold", "for good by one payment"),
    "on_demand": pgettext_lazy("sold", "on demand"),
    "package": pgettext_lazy("sold", "as a package of usage"),
    "uses": pgettext_lazy("sold", "as a package of uses"),
}


def sentences(view: ProductView, sku: str = "", *, trial_used: bool = False) -> list[str]:
    """One for each reason. ``sku`` and ``trial_used`` as ``missing`` has them."""
    lacks = missing(view, sku, trial_used=trial_used)
    sold = [name for name, _mode in WAYS if name in ways_of(view, sku)]
    return [*_of_ways(view, lacks, sold), *_of_trials(lacks)]


def _of_ways(view: ProductView, lacks: Sequence[Missing], sold: Sequence[str]) -> Iterable[str]:
    def lacking(why: Why) -> str:
        return _listed([one.way for one in lacks if one.why is why and one.way != TRIAL])

    if ways := lacking(Why.NOT_OFFERED):
        said = _("The seller sets prices and modes. This is sold %(sold)s only, not %(ways)s.")
        yield said % {"sold": _listed(sold), "ways": ways}
    if ways := lacking(Why.NOT_OF_KIND):
        title = view.kind.title.zh if is_chinese() else view.kind.title.en
        yield _("No product of this kind (%(kind)s) is sold %(ways)s.") % {"kind": title, "ways": ways}
    if ways := lacking(Why.ELSEWHERE):
        yield _("Another choice of this product is sold %(ways)s.") % {"ways": ways}
    if ways := lacking(Why.NOT_NOW):
        yield _("It is not sold %(ways)s at the moment.") % {"ways": ways}


def _of_trials(lacks: Sequence[Missing]) -> Iterable[str]:
    for one in lacks:
        if one.way != TRIAL:
            continue
        match one.why:
            case Why.USED:
                yield _("You have had the trial: it is given once.")
            case Why.NOT_OF_KIND:
                yield _("No trial: only SaaS products have one.")
            case Why.NO_PERIOD:
                yield _("No trial: one goes with what is sold by the month or the year.")
            case Why.ELSEWHERE:
                yield _("Another choice of this product has a trial.")
            case Why.NOT_NOW:
                yield _("No trial at the moment.")
            case Why.NOT_OFFERED:
                yield _("The seller offers no trial.")


def _listed(ways: Sequence[str]) -> str:
    """Ways in a row: by the month, by the year or on demand."""
    words = [str(SAID[way]) for way in ways]
    if len(words) < 2:
        return "".join(words)
    last = _("%(first)s or %(last)s")
    return last % {"first": ("、" if is_chinese() else ", ").join(words[:-1]), "last": words[-1]}
