"""Explain why a payment option is missing, beside the choice of options."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy

from tradepost.market.catalog.view import WAYS, ProductView
from tradepost.market.catalog.why_missing import TRIAL, MissingReason, MissingWay, missing_ways, ways_of
from tradepost.market.notifications.facts import is_chinese

LABELS: dict[str, str | Promise] = {
    "month": pgettext_lazy("sold", "monthly"),
    "year": pgettext_lazy("sold", "yearly"),
    "day": pgettext_lazy("sold", "daily"),
    "once": pgettext_lazy("sold", "for a one-time payment"),
    "on_demand": pgettext_lazy("sold", "on demand"),
    "package": pgettext_lazy("sold", "as a usage package"),
    "uses": pgettext_lazy("sold", "as a package of uses"),
}


def sentences(view: ProductView, sku: str = "", *, trial_used: bool = False) -> list[str]:
    """Return a sentence for each reason. ``sku`` and ``trial_used``: as for ``missing``."""
    gaps = missing_ways(view, sku, trial_used=trial_used)
    sold_ways = [name for name, _mode in WAYS if name in ways_of(view, sku)]
    return [*_option_sentences(view, gaps, sold_ways), *_trial_sentences(gaps)]


def _option_sentences(view: ProductView, gaps: Sequence[MissingWay], sold_ways: Sequence[str]) -> Iterable[str]:
    def lacking(reason: MissingReason) -> str:
        return _join_options([gap.way for gap in gaps if gap.why is reason and gap.way != TRIAL])

    if ways := lacking(MissingReason.NOT_OFFERED):
        words = _("The seller sets prices and billing. This plan is sold %(sold)s only, not %(ways)s.")
        yield words % {"sold": _join_options(sold_ways), "ways": ways}
    if ways := lacking(MissingReason.NOT_OF_KIND):
        title = view.kind.title.zh if is_chinese() else view.kind.title.en
        yield _("No product of this kind (%(kind)s) is sold %(ways)s.") % {"kind": title, "ways": ways}
    if ways := lacking(MissingReason.ELSEWHERE):
        yield _("Another option of this product is sold %(ways)s.") % {"ways": ways}
    if ways := lacking(MissingReason.NOT_NOW):
        yield _("It is not sold %(ways)s at the moment.") % {"ways": ways}


def _trial_sentences(gaps: Sequence[MissingWay]) -> Iterable[str]:
    for gap in gaps:
        if gap.way != TRIAL:
            continue
        match gap.why:
            case MissingReason.USED:
                yield _("You have already used the trial. It is available only once.")
            case MissingReason.NOT_OF_KIND:
                yield _("No trial: only SaaS products have one.")
            case MissingReason.NO_PERIOD:
                yield _("No trial: only monthly and yearly plans have one.")
            case MissingReason.ELSEWHERE:
                yield _("Another option of this product has a trial.")
            case MissingReason.NOT_NOW:
                yield _("No trial at the moment.")
            case MissingReason.NOT_OFFERED:
                yield _("The seller offers no trial.")


def _join_options(ways: Sequence[str]) -> str:
    """Join options: by the month, by the year or on demand."""
    words = [str(LABELS[way]) for way in ways]
    if len(words) < 2:
        return "".join(words)
    template = _("%(first)s or %(last)s")
    return template % {"first": ("、" if is_chinese() else ", ").join(words[:-1]), "last": words[-1]}
