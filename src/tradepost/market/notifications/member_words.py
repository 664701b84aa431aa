"""What notices about members, owners, domains and keys say (``messages`` tells how they are read)."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from .words import Words

MEMBERS_AND_KEYS: dict[str, Words] = {
    "member_invitation": Words(
        _("%(seller)s invites you to its seller center"),
        _("%(inviter)s asks you to act for %(seller)s on this market. Accept with an account of the address %(email)s; if you "
          "have none yet, open one with it. The link works until %(until)s. If you do not know the company, do nothing."),
        _("Look at the invitation"), "info", "users",
    ),
    "member_joined": Words(
        _("%(person)s acts for %(seller)s from now on"),
        _("%(person)s accepted the invitation. What they may see and change is said by their groups."),
        _("See the members"), "info", "users",
    ),
    "member_welcome": Words(
        _("You act for %(seller)s from now on"),
        _("In the seller center you find what your groups open for you."),
        _("Open the seller center"), "good", "users",
    ),
    "member_removed": Words(
        _("You no longer act for %(seller)s"),
        _("You were removed from its members. Your own purchases and services stay as they are."),
        _("To the store"), "warning", "users",
    ),
    "member_left": Words(
        _("%(person)s no longer acts for %(seller)s"),
        _("Products that were granted to them are open to all members with the menu again. Look whether a key should be "
          "replaced that they knew."),
        _("See the members"), "info", "users",
    ),
    "member_access": Words(
        _("Your groups at %(seller)s have changed"),
        _("From your next page on you see and change what your groups open: %(groups)s."),
        _("Open the seller center"), "info", "users",
    ),
    "owner_new": Words(
        _("%(seller)s is yours now"),
        _("%(former)s handed it over to you: you may do everything there, and only you can hand it on."),
        _("See the members"), "warning", "key",
    ),
    "owner_former": Words(
        _("You handed %(seller)s over to %(person)s"),
        _("You are one of its developers from now on. If you did not do this, write to the operator at once."),
        _("See the members"), "warning", "key",
    ),
    "domain_lapsed": Words(
        _("The proof of the domain %(domain)s was not found any more"),
        _("Calls to its addresses go on, but none can be registered or changed there until you prove the domain again."),
        _("Look at the domain"), "warning", "world",
    ),
    "key_rotated": Words(
        _("The signing key of “%(interfaces)s” was changed"),
        _("Calls are signed with the new key from now on. Answers signed with the earlier key are accepted until %(until)s."),
        _("See your keys"), "info", "key",
    ),
}  # fmt: skip  # a table is read in rows
