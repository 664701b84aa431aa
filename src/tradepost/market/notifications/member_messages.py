"""What notices say of who acts for a seller (business-rules §1.7)."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from .categories import Category, NoticePolicy
from .notice_parts import NoticeTemplate

ACCOUNT = NoticePolicy(category=Category.SECURITY, mandatory=True)
"""§7.2: account changes cannot be switched off."""
SELLER_MEMBERS = NoticePolicy(category=Category.SECURITY)

MEMBER_TEMPLATES: Mapping[str, NoticeTemplate] = {
    "member_invitation": NoticeTemplate(
        _("%(seller)s invites you to its seller center"),
        _(
            "%(inviter)s invites you to act for %(seller)s on this market. Accept with an account of the address "
            "%(email)s; if you have none, open one with this address. The link works until %(until)s. If you do not "
            "know the company, ignore this email."),
        _("View the invitation"), "info", "users", ACCOUNT,
    ),
    "market_invitation_buyer": NoticeTemplate(
        _("You are invited to create an account"),
        _(
            "The operator of this market invites you to open an account for %(email)s. The link works once, until "
            "%(until)s. If you do not know this market, ignore this email."),
        _("View the invitation"), "info", "mail", ACCOUNT,
    ),
    "market_invitation_seller": NoticeTemplate(
        _("You are invited to sell on this market"),
        _(
            "The operator of this market invites your company to sell here, with an account for %(email)s. The link "
            "works once, until %(until)s. If you do not know this market, ignore this email."),
        _("View the invitation"), "info", "building-store", ACCOUNT,
    ),
    "member_joined": NoticeTemplate(
        _("%(person)s now acts for %(seller)s"),
        _("%(person)s accepted the invitation. Their groups determine what they can view and change."),
        _("See the members"), "info", "users", SELLER_MEMBERS,
    ),
    "member_welcome": NoticeTemplate(
        _("You now act for %(seller)s"),
        _("You can use the seller center menus that your groups include."),
        _("Open the seller center"), "good", "users", ACCOUNT,
    ),
    "member_removed": NoticeTemplate(
        _("You no longer act for %(seller)s"),
        _("You were removed from the members of this seller. Your own purchases and services are not affected."),
        _("Go to the store"), "warning", "users", ACCOUNT,
    ),
    "member_left": NoticeTemplate(
        _("%(person)s no longer acts for %(seller)s"),
        _(
            "Products granted to this person are now open to all members with the menu. Check whether to replace "
            "keys that the person knew."),
        _("See the members"), "info", "users", SELLER_MEMBERS,
    ),
    "member_access": NoticeTemplate(
        _("Your groups at %(seller)s have changed"),
        _("From the next page that you open, your access is defined by these groups: %(groups)s."),
        _("Open the seller center"), "info", "users", ACCOUNT,
    ),
    "owner_new": NoticeTemplate(
        _("You are now the owner of %(seller)s"),
        _(
            "%(former)s transferred the ownership to you. You have all permissions, and only you can transfer the "
            "ownership again."),
        _("See the members"), "warning", "key", ACCOUNT,
    ),
    "owner_former": NoticeTemplate(
        _("You transferred %(seller)s to %(person)s"),
        _("You are now one of its developers. If you did not do this, contact the operator immediately."),
        _("See the members"), "warning", "key", ACCOUNT,
    ),
}  # fmt: skip
