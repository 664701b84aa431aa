"""What mails and notices say of operators and of locked accounts."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from .categories import Category, NoticePolicy
from .notice_parts import NoticeTemplate

_ACCOUNT = NoticePolicy(category=Category.SECURITY, mandatory=True)

OPERATOR_TEMPLATES: Mapping[str, NoticeTemplate] = {
    "operator_invitation": NoticeTemplate(
        _("You are invited to run this market"),
        _(
            "%(inviter)s invites you as an operator with the role %(role)s. The link is for %(email)s and works "
            "until %(until)s. If you do not know why you received this email, ignore it."),
        _("Accept the invitation"), "info", "users", _ACCOUNT,
    ),
    "operator_role": NoticeTemplate(
        _("Your role in the console is %(role)s"),
        _("%(by)s changed your role. It applies from the next page that you open."),
        _("Open the console"), "info", "users", _ACCOUNT,
    ),
    "operator_removed": NoticeTemplate(
        _("You are no longer an operator of this market"),
        _("%(by)s removed your access to the console. You can still buy and use your services."),
        _("Go to the store"), "warning", "users", _ACCOUNT,
    ),
    "account_locked": NoticeTemplate(
        _("Your account is locked"),
        _(
            "The market locked the account %(email)s and signed it out everywhere. Reason: %(reason)s. Paid services "
            "are not affected. To object, contact the market."),
        _("Go to the store"), "danger", "lock", _ACCOUNT,
    ),
    "account_unlocked": NoticeTemplate(
        _("Your account is unlocked"),
        _("You can sign in with %(email)s again. Reason: %(reason)s."),
        _("Sign in"), "good", "lock-open", _ACCOUNT,
    ),
}  # fmt: skip
