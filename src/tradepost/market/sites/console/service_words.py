"""What an operator reads before freezing, unfreezing or ending a service, by what was bought (operations.md §3)."""

from __future__ import annotations

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from tradepost.market.base.money import Money
from tradepost.market.fulfilment.deletion import DeletedBy
from tradepost.market.subscriptions.models import Subscription
from tradepost.market.web.templatetags.ui import money


def before_freeze(held: Subscription, by: DeletedBy, *, told: bool) -> str:
    """``told``: whether the seller's server can be told of it."""
    said = [_("The buyer cannot use it through this market from this moment on.")]
    if by is DeletedBy.SELLER and told:
        said.append(_("The seller's server is called to freeze the instance."))
    elif by is DeletedBy.SELLER:
        said.append(
            _("The seller's server is not called, because its protocol or its cases have no activity for it: anyone who has "
              "the login can still use it there.")
        )  # fmt: skip
    elif by is DeletedBy.CLOUD:
        said.append(_("The cloud stops the server."))
    said.append(_("The data is kept."))
    if held.expires_at is not None and held.offer.renewable:
        said.append(_("The paid time runs on, and the service cannot be renewed until you lift the freeze."))
    return _joined(said)


def before_lift(by: DeletedBy, *, other_reasons: bool) -> str:
    if other_reasons:
        return _("It stays frozen for its other reason. Once that is over, it can be used again.")
    if by is DeletedBy.SELLER:
        return _("It can be used again, and the seller's server is told where it was told of the freeze.")
    return _("It can be used again.")


def before_release(by: DeletedBy, back: Money) -> str:
    said = [
        {
            DeletedBy.SELLER: _(
                "The buyer cannot use it from this moment on, and the seller deletes it with its data."
            ),
            DeletedBy.CLOUD: _("The buyer cannot use it from this moment on, and the cloud deletes the server."),
            DeletedBy.IMAGE: _("The server and its data stay. While the server runs, each hour is billed."),
            DeletedBy.NOBODY: _("The buyer cannot use it from this moment on."),
        }[by],
        _("This cannot be undone."),
    ]
    if back.minor:
        refund = _("%(amount)s is refunded to the buyer for paid time and changes that have not begun.")
        said.append(refund % {"amount": money(back)})
    else:
        said.append(_("No refund is due."))
    return _joined(said)


def after_release(by: DeletedBy) -> str:
    if by is DeletedBy.SELLER:
        return _("It has ended, and its seller is asked to delete it. The buyer and the seller were told why.")
    return _("It has ended. The buyer and the seller were told why.")


def _joined(sentences: list[str]) -> str:
    return ("" if (get_language() or "").startswith("zh") else " ").join(sentences)
