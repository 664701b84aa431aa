"""What notices and mails say of enterprises and their people (openapi-jointkit §A.7)."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from .categories import Category, NoticePolicy
from .notice_parts import NoticeTemplate

_ACCOUNT = NoticePolicy(category=Category.SECURITY, mandatory=True)
_ENTERPRISE_MEMBERS = NoticePolicy(category=Category.SECURITY)

ENTERPRISE_TEMPLATES: Mapping[str, NoticeTemplate] = {
    "enterprise_invitation": NoticeTemplate(
        _("%(enterprise)s invites you to join it"),
        _(
            "%(inviter)s invites you to join the enterprise %(enterprise)s on this market, with the account name "
            "%(account)s. Accept with an account of the address %(email)s; if you have none, open one with this "
            "address. The link works until %(until)s. If you do not know the enterprise, ignore this email."),
        _("View the invitation"), "info", "users", _ACCOUNT,
    ),
    "member_address": NoticeTemplate(
        _("Confirm your address for %(enterprise)s"),
        _(
            "Someone signed in as %(account)s entered the address %(email)s. If it was you, open the link within a "
            "day to confirm the address. Otherwise, ignore this email."),
        _("Confirm the address"), "info", "mail", _ACCOUNT,
    ),
    "member_reset": NoticeTemplate(
        _("Reset your password for %(enterprise)s"),
        _(
            "Someone requested a new password for %(account)s. If it was you, open the link within an hour. "
            "Otherwise, ignore this email; the password stays the same."),
        _("Choose a new password"), "info", "lock", _ACCOUNT,
    ),
    "member_password_changed": NoticeTemplate(
        _("Your password for %(enterprise)s was changed"),
        _("The password of %(account)s was changed and all other browsers were signed out. If it was not you, reset the password and tell "
          "an administrator of your enterprise."),
        _("Reset the password"), "warning", "lock", _ACCOUNT,
    ),
    "administrator_appointed": NoticeTemplate(
        _("%(person)s was appointed administrator of %(enterprise)s"),
        _("No administrator could sign in any more, so an operator of the market appointed one. If you did not expect this, contact "
          "Support."),
        _("View the enterprise"), "warning", "users", _ACCOUNT,
    ),
    "enterprise_joined": NoticeTemplate(
        _("%(person)s joined %(enterprise)s"),
        _("The invitation was accepted. The person is in the department %(department)s."),
        _("See the member"), "info", "users", _ENTERPRISE_MEMBERS,
    ),
    "enterprise_guessed": NoticeTemplate(
        _("Someone is guessing passwords of members of %(enterprise)s"),
        _("Many wrong passwords came from networks in which no member signed in. Until they stop, new browsers from such networks may be "
          "refused. Members can sign in from a browser or a network they used before. Turn on two-step sign-in for all members."),
        _("See the enterprise"), "danger", "alert-triangle", _ACCOUNT,
    ),
    "enterprise_dissolving_asked": NoticeTemplate(
        _("An administrator wants to dissolve %(enterprise)s"),
        _("If there is another administrator, one of them must agree. Seven days later the enterprise is dissolved. Any administrator can "
          "keep it until then."),
        _("View the request"), "warning", "alert-triangle", _ACCOUNT,
    ),
    "enterprise_dissolving_agreed": NoticeTemplate(
        _("%(enterprise)s will be dissolved in seven days"),
        _("A second administrator agreed. Any administrator can keep the enterprise until then."),
        _("View the request"), "warning", "alert-triangle", _ACCOUNT,
    ),
    "enterprise_dissolving_kept": NoticeTemplate(
        _("%(enterprise)s will not be dissolved"),
        _("An administrator kept the enterprise. Nothing was changed."),
        _("View the enterprise"), "good", "users", _ACCOUNT,
    ),
    "enterprise_dissolved": NoticeTemplate(
        _("The enterprise %(enterprise)s was dissolved"),
        _(
            "Its members can no longer sign in to its applications. If no administrator requested this, contact the "
            "operator immediately."),
        _("See your enterprises"), "warning", "ban", _ACCOUNT,
    ),
}  # fmt: skip
