"""Consequences of freezing, unfreezing or ending a service, shown to an operator before the act (operations.md §3)."""

from __future__ import annotations

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from tradepost.market.base.money import Money
from tradepost.market.fulfilment.deletion import DeletedBy
from tradepost.market.subscriptions.models import Subscription
from tradepost.market.web.templatetags.ui import money


def freeze_consequences(service: Subscription, by: DeletedBy, *, told: bool) -> str:
    """Return the consequences of a freeze. ``told``: whether the seller's server can be notified."""
    sentences = [_("The buyer immediately loses access to it through this market.")]
    if by is DeletedBy.SELLER and told:
        sentences.append(_("The seller's server is called to freeze the instance."))
    elif by is DeletedBy.SELLER:
        sentences.append(
            _(
                "The seller's server is not called, because its protocol or its cases have no activity for it. "
                "Anyone who has the login can still use the service there.")
        )  # fmt: skip
    elif by is DeletedBy.CLOUD:
        sentences.append(_("The cloud stops the server."))
    sentences.append(_("The data is kept."))
    if service.expires_at is not None and service.offer.renewable:
        sentences.append(
            _("The paid period continues to run, and the service cannot be renewed until you lift the freeze.")
        )
    return _join_sentences(sentences)


def lift_consequences(by: DeletedBy, *, other_reasons: bool) -> str:
    if other_reasons:
        return _("It stays frozen for another reason. It can be used again when that reason ends.")
    if by is DeletedBy.SELLER:
        return _("The service can be used again. The seller's server is notified if it was notified of the freeze.")
    return _("It can be used again.")


def release_consequences(by: DeletedBy, back: Money) -> str:
    sentences = [
        {
            DeletedBy.SELLER: _("The buyer immediately loses access to it, and the seller deletes it with its data."),
            DeletedBy.CLOUD: _("The buyer immediately loses access to it, and the cloud deletes the server."),
            DeletedBy.IMAGE: _("The server and its data are kept. While the server runs, each hour is billed."),
            DeletedBy.NOBODY: _("The buyer immediately loses access to it."),
        }[by],
        _("This cannot be undone."),
    ]
    if back.minor:
        refund = _("%(amount)s is refunded to the buyer for paid time and changes that have not begun.")
        sentences.append(refund % {"amount": money(back)})
    else:
        sentences.append(_("No refund is due."))
    return _join_sentences(sentences)


def release_message(by: DeletedBy) -> str:
    if by is DeletedBy.SELLER:
        return _(
            "The service has ended, and the seller was asked to delete it. The buyer and the seller were notified of the reason."
        )
    return _("This service has ended. The buyer and the seller were notified of the reason.")


def _join_sentences(sentences: list[str]) -> str:
    return ("" if (get_language() or "").startswith("zh") else " ").join(sentences)
