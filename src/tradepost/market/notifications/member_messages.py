"""What notices say of who acts for a seller (business-rules §1.7)."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from .categories import About, Category
from .notice_parts import Words

AN_ACCOUNT = About(category=Category.SECURITY, mandatory=True)
"""§7.2: account changes cannot be switched off."""
THE_MEMBERS = About(category=Category.SECURITY)

OF_MEMBERS: Mapping[str, Words] = {
    "member_invitation": Words(
        _("%(seller)s invites you to its seller center"),
        _("%(inviter)s asks you to act for %(seller)s on this market. Accept with an account of the address %(email)s; if you "
          "have none yet, open one with it. The link works until %(until)s. If you do not know the company, do nothing."),
        _("Look at the invitation"), "info", "users", AN_ACCOUNT,
    ),
    "member_joined": Words(
        _("%(person)s acts for %(seller)s from now on"),
        _("%(person)s accepted the invitation. What they may see and change is said by their groups."),
        _("See the members"), "info", "users", THE_MEMBERS,
    ),
    "member_welcome": Words(
        _("You act for %(seller)s from now on"),
        _("In the seller center you find what your groups open for you."),
        _("Open the seller center"), "good", "users", AN_ACCOUNT,
    ),
    "member_removed": Words(
        _("You no longer act for %(seller)s"),
        _("You were removed from its members. Your own purchases and services stay as they are."),
        _("To the store"), "warning", "users", AN_ACCOUNT,
    ),
    "member_left": Words(
        _("%(person)s no longer acts for %(seller)s"),
        _("Products that were granted to them are open to all members with the menu again. Look whether a key should be "
          "replaced that they knew."),
        _("See the members"), "info", "users", THE_MEMBERS,
    ),
    "member_access": Words(
        _("Your groups at %(seller)s have changed"),
        _("From your next page on you see and change what your groups open: %(groups)s."),
        _("Open the seller center"), "info", "users", AN_ACCOUNT,
    ),
    "owner_new": Words(
        _("%(seller)s is yours now"),
        _("%(former)s handed it over to you: you may do everything there, and only you can hand it on."),
        _("See the members"), "warning", "key", AN_ACCOUNT,
    ),
    "owner_former": Words(
        _("You handed %(seller)s over to %(person)s"),
        _("You are one of its developers from now on. If you did not do this, write to the operator at once."),
        _("See the members"), "warning", "key", AN_ACCOUNT,
    ),
}  # fmt: skip
