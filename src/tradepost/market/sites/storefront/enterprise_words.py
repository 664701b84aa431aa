"""What was done in an enterprise, in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from msgspec import Struct

from tradepost.market.organisations.act_log import Did
from tradepost.market.organisations.models import EnterpriseAct

WORDS: Mapping[str, str | Promise] = {
    Did.FOUNDED: gettext_lazy("Founded the enterprise"),
    Did.RENAMED: gettext_lazy("Renamed the enterprise"),
    Did.DISSOLVED: gettext_lazy("Dissolved the enterprise"),
    Did.DEPARTMENT_ADDED: gettext_lazy("Added a department"),
    Did.DEPARTMENT_RENAMED: gettext_lazy("Renamed a department"),
    Did.DEPARTMENT_MOVED: gettext_lazy("Moved a department"),
    Did.DEPARTMENT_REMOVED: gettext_lazy("Removed a department"),
    Did.MEMBER_ADDED: gettext_lazy("Added a member"),
    Did.MEMBER_CHANGED: gettext_lazy("Changed a member"),
    Did.MEMBER_DISABLED: gettext_lazy("Disabled a member"),
    Did.MEMBER_ENABLED: gettext_lazy("Enabled a member"),
    Did.MEMBER_REMOVED: gettext_lazy("Removed a member"),
    Did.MEMBER_RESTORED: gettext_lazy("Brought a member back"),
    Did.MEMBER_LEFT: pgettext_lazy("enterprise", "Left the enterprise"),
    Did.PASSWORD_MADE: gettext_lazy("Made a password"),
    Did.FIRST_PASSWORDS: gettext_lazy("Made first passwords"),
    Did.PASSWORD_FILE: gettext_lazy("Generated a file of first passwords"),
    Did.PASSWORD_FILE_READ: gettext_lazy("Downloaded a file of first passwords"),
    Did.PASSWORD_FILE_DELETED: gettext_lazy("Deleted a file of first passwords"),
    Did.PASSWORD_CHANGED: gettext_lazy("Changed their own password"),
    Did.PASSWORD_RESET: gettext_lazy("Reset their own password by mail"),
    Did.ADDRESS_CONFIRMED: gettext_lazy("Confirmed an email address"),
    Did.ADDRESS_REMOVED: gettext_lazy("Removed an email address"),
    Did.ADMIN_APPOINTED: gettext_lazy("Appointed an administrator (operator of the market)"),
    Did.INVITED: gettext_lazy("Invited somebody"),
    Did.JOINED: gettext_lazy("Accepted an invitation"),
    Did.INVITATION_REVOKED: gettext_lazy("Withdrew an invitation"),
    Did.GROUP_ADDED: gettext_lazy("Added a group"),
    Did.GROUP_RENAMED: gettext_lazy("Renamed a group"),
    Did.GROUP_LINKED: gettext_lazy("Linked a group to the directory"),
    Did.GROUP_REMOVED: gettext_lazy("Removed a group"),
    Did.GROUP_FILLED: gettext_lazy("Put people into a group"),
    Did.GROUP_EMPTIED: gettext_lazy("Took people out of a group"),
    Did.IMPORTED: gettext_lazy("Imported a table of members"),
    Did.SECOND_STEP_REQUIRED: gettext_lazy("Asked all members for two-step sign-in"),
    Did.SECOND_STEP_OPTIONAL: gettext_lazy("Left two-step sign-in to each member"),
    Did.SECOND_STEP_RESET: gettext_lazy("Turned two-step sign-in of a member off"),
    Did.DIRECTORY_TOKEN_MADE: gettext_lazy("Made a token for the directory"),
    Did.DIRECTORY_TOKEN_REVOKED: gettext_lazy("Revoked a token of the directory"),
}
_FORMER = {Did.DEPARTMENT_RENAMED, Did.GROUP_RENAMED}


class Told(Struct, frozen=True):
    """One line of the history. ``note``: what else is to be said."""

    at: datetime
    who: str
    words: str
    about: str
    note: str


def told(entries: Iterable[EnterpriseAct]) -> list[Told]:
    return [
        Told(one.at, one.by_text or _("The market"), str(WORDS.get(one.act, one.act)), one.about_text, _note(one))
        for one in entries
    ]


def _note(one: EnterpriseAct) -> str:
    if one.act in _FORMER:
        return _("formerly %(name)s") % {"name": one.note}
    if one.act == Did.DEPARTMENT_MOVED:
        return _("below %(name)s") % {"name": one.note} if one.note else _("to the top")
    if one.act == Did.MEMBER_CHANGED and one.note:
        return _("now administrator") if one.note == "admin" else _("no administrator any more")
    return one.note
