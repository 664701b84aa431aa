"""What notices and mails say of enterprises and their people (openapi-jointkit §A.7)."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from .categories import About, Category
from .notice_parts import Words

_AN_ACCOUNT = About(category=Category.SECURITY, mandatory=True)
_ITS_PEOPLE = About(category=Category.SECURITY)

OF_ENTERPRISES: Mapping[str, Words] = {
    "enterprise_invitation": Words(
        _("%(enterprise)s invites you to join it"),
        _("%(inviter)s asks you to join the enterprise %(enterprise)s on this market, with the account name %(account)s. Accept "
          "with an account of the address %(email)s; if you have none yet, open one with it. The link works until %(until)s. If "
          "you do not know the enterprise, do nothing."),
        _("Look at the invitation"), "info", "users", _AN_ACCOUNT,
    ),
    "member_address": Words(
        _("Confirm your address for %(enterprise)s"),
        _("Somebody who is signed in as %(account)s gave the address %(email)s. If it was you, open the link within a day to confirm it. "
          "If not, ignore this mail."),
        _("Confirm the address"), "info", "mail", _AN_ACCOUNT,
    ),
    "member_reset": Words(
        _("Reset your password for %(enterprise)s"),
        _("Somebody asked for a new password of %(account)s. If it was you, open the link within an hour. If not, ignore this mail: the "
          "password stays as it is."),
        _("Choose a new password"), "info", "lock", _AN_ACCOUNT,
    ),
    "member_password_changed": Words(
        _("Your password for %(enterprise)s was changed"),
        _("The password of %(account)s was changed and all other browsers were signed out. If it was not you, reset the password and tell "
          "an administrator of your enterprise."),
        _("Reset the password"), "warning", "lock", _AN_ACCOUNT,
    ),
    "administrator_appointed": Words(
        _("%(person)s was appointed administrator of %(enterprise)s"),
        _("No administrator could sign in any more, so an operator of the market appointed one. If you did not expect this, contact "
          "Support."),
        _("View the enterprise"), "warning", "users", _AN_ACCOUNT,
    ),
    "enterprise_joined": Words(
        _("%(person)s joined %(enterprise)s"),
        _("The invitation was accepted. The person is in the department %(department)s."),
        _("See the member"), "info", "users", _ITS_PEOPLE,
    ),
    "enterprise_guessed": Words(
        _("Someone is guessing passwords of members of %(enterprise)s"),
        _("Many wrong passwords came from networks in which no member signed in. Until they stop, new browsers from such networks may be "
          "refused. Members can sign in from a browser or a network they used before. Turn on two-step sign-in for all members."),
        _("See the enterprise"), "danger", "alert-triangle", _AN_ACCOUNT,
    ),
    "enterprise_dissolved": Words(
        _("The enterprise %(enterprise)s was dissolved"),
        _("Its members cannot sign in to its applications any more. If no administrator wanted this, write to the operator at "
          "once."),
        _("See your enterprises"), "warning", "ban", _AN_ACCOUNT,
    ),
}  # fmt: skip
