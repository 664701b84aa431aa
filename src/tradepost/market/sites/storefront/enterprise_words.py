"""Descriptions of the acts in an enterprise's history."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from msgspec import Struct

from tradepost.market.applications.buyer_queries import openable_bindings
from tradepost.market.organisations import queries
from tradepost.market.organisations.act_log import EnterpriseAction
from tradepost.market.organisations.models import Department, Enterprise, EnterpriseAct, Group, ImportRun
from tradepost.market.web.released import FIELD_LABELS as RELEASED

ACT_LABELS: Mapping[str, str | Promise] = {
    EnterpriseAction.FOUNDED: gettext_lazy("Created the enterprise"),
    EnterpriseAction.RENAMED: gettext_lazy("Renamed the enterprise"),
    EnterpriseAction.DISSOLVING: gettext_lazy("Requested to dissolve the enterprise"),
    EnterpriseAction.DISSOLVING_AGREED: gettext_lazy("Agreed to dissolve the enterprise"),
    EnterpriseAction.DISSOLVING_UNDONE: gettext_lazy("Kept the enterprise"),
    EnterpriseAction.DISSOLVED: gettext_lazy("Dissolved the enterprise"),
    EnterpriseAction.DEPARTMENT_ADDED: gettext_lazy("Added a department"),
    EnterpriseAction.DEPARTMENT_RENAMED: gettext_lazy("Renamed a department"),
    EnterpriseAction.DEPARTMENT_MOVED: gettext_lazy("Moved a department"),
    EnterpriseAction.DEPARTMENT_REMOVED: gettext_lazy("Removed a department"),
    EnterpriseAction.MEMBER_ADDED: gettext_lazy("Added a member"),
    EnterpriseAction.MEMBER_CHANGED: gettext_lazy("Changed a member"),
    EnterpriseAction.MEMBER_DISABLED: gettext_lazy("Disabled a member"),
    EnterpriseAction.MEMBER_ENABLED: gettext_lazy("Enabled a member"),
    EnterpriseAction.MEMBER_REMOVED: gettext_lazy("Removed a member"),
    EnterpriseAction.MEMBER_RESTORED: gettext_lazy("Restored a member"),
    EnterpriseAction.MEMBER_LEFT: pgettext_lazy("enterprise", "Left the enterprise"),
    EnterpriseAction.PASSWORD_MADE: gettext_lazy("Created a password"),
    EnterpriseAction.FIRST_PASSWORDS: gettext_lazy("Created first passwords"),
    EnterpriseAction.PASSWORD_FILE: gettext_lazy("Generated a file of first passwords"),
    EnterpriseAction.PASSWORD_FILE_READ: gettext_lazy("Downloaded a file of first passwords"),
    EnterpriseAction.PASSWORD_FILE_DELETED: gettext_lazy("Deleted a file of first passwords"),
    EnterpriseAction.PASSWORD_CHANGED: gettext_lazy("Changed their own password"),
    EnterpriseAction.PASSWORD_RESET: gettext_lazy("Reset their own password by mail"),
    EnterpriseAction.ADDRESS_CONFIRMED: gettext_lazy("Confirmed an email address"),
    EnterpriseAction.ADDRESS_REMOVED: gettext_lazy("Removed an email address"),
    EnterpriseAction.ADMIN_APPOINTED: gettext_lazy("Appointed an administrator (operator of the market)"),
    EnterpriseAction.INVITED: gettext_lazy("Invited a person"),
    EnterpriseAction.JOINED: gettext_lazy("Accepted an invitation"),
    EnterpriseAction.INVITATION_REVOKED: gettext_lazy("Withdrew an invitation"),
    EnterpriseAction.GROUP_ADDED: gettext_lazy("Added a group"),
    EnterpriseAction.GROUP_RENAMED: gettext_lazy("Renamed a group"),
    EnterpriseAction.GROUP_LINKED: gettext_lazy("Linked a group to the directory"),
    EnterpriseAction.GROUP_REMOVED: gettext_lazy("Removed a group"),
    EnterpriseAction.GROUP_FILLED: gettext_lazy("Added people to a group"),
    EnterpriseAction.GROUP_EMPTIED: gettext_lazy("Removed people from a group"),
    EnterpriseAction.IMPORTED: gettext_lazy("Imported a table of members"),
    EnterpriseAction.SECOND_STEP_REQUIRED: gettext_lazy("Made two-step sign-in mandatory"),
    EnterpriseAction.SECOND_STEP_OPTIONAL: gettext_lazy("Made two-step sign-in optional"),
    EnterpriseAction.SECOND_STEP_RESET: gettext_lazy("Turned off two-step sign-in of a member"),
    EnterpriseAction.DIRECTORY_TOKEN_MADE: gettext_lazy("Created a directory token"),
    EnterpriseAction.DIRECTORY_TOKEN_REVOKED: gettext_lazy("Revoked a directory token"),
    EnterpriseAction.MEMBERS_MOVED: gettext_lazy("Moved members to another department"),
    EnterpriseAction.MEMBERS_AUTHORISED: gettext_lazy("Authorised members"),
    EnterpriseAction.MEMBERS_WITHDRAWN: gettext_lazy("Withdrew the authorisation of members"),
    EnterpriseAction.GROUP_AUTHORISED: gettext_lazy("Authorised a group"),
    EnterpriseAction.GROUP_WITHDRAWN: gettext_lazy("Withdrew the authorisation of a group"),
    EnterpriseAction.DEPARTMENT_AUTHORISED: gettext_lazy("Authorised a department"),
    EnterpriseAction.SUBTREE_AUTHORISED: gettext_lazy("Authorised a department and its subdepartments"),
    EnterpriseAction.DEPARTMENT_WITHDRAWN: gettext_lazy("Withdrew the authorisation of a department"),
    EnterpriseAction.FIELDS_CHANGED: gettext_lazy("Changed the released fields"),
}
_RENAME_ACTS = {EnterpriseAction.DEPARTMENT_RENAMED, EnterpriseAction.GROUP_RENAMED}


class HistoryEntry(Struct, frozen=True):
    """An entry of the history. ``note``: details; ``url``: page of the subject, or ""."""

    at: datetime
    who: str
    words: str
    about: str
    note: str
    url: str


def history_entries(entries: Sequence[EnterpriseAct], enterprise: Enterprise) -> list[HistoryEntry]:
    urls = _urls({entry.about for entry in entries if entry.about}, enterprise)
    return [
        HistoryEntry(
            entry.at, entry.by_text or _("The store"), str(ACT_LABELS.get(entry.act, entry.act)), entry.about_text, _act_note(entry),
            urls.get(entry.about, ""),
        )
        for entry in entries
    ]  # fmt: skip


_PAGES = {
    "member": "member",
    "department": "department",
    "group": "group",
    "import": "import",
    "application": "application",
}
_MODELS: Mapping[str, type[Department | Group | ImportRun]] = {
    "department": Department,
    "group": Group,
    "import": ImportRun,
}


def _urls(subjects: Iterable[str], enterprise: Enterprise) -> dict[str, str]:
    """Return the pages of subjects such as ``member:7``. Members always have a page, other subjects while they exist."""
    keys: dict[str, set[int]] = {}
    for subject in subjects:
        kind, _colon, key = subject.partition(":")
        if kind in _PAGES and key.isdecimal():
            keys.setdefault(kind, set()).add(int(key))
    for kind, subject_keys in keys.items():
        if kind in _MODELS:
            keys[kind] = queries.existing_keys(enterprise, _MODELS[kind], subject_keys)
        elif kind == "application":
            keys[kind] = openable_bindings(enterprise, subject_keys)
    return {
        f"{kind}:{key}": reverse(f"storefront:enterprise_{_PAGES[kind]}", args=[enterprise.code, key])
        for kind, subject_keys in keys.items()
        for key in subject_keys
    }


def _act_note(act: EnterpriseAct) -> str:
    if act.act in _RENAME_ACTS:
        return _("formerly %(name)s") % {"name": act.note}
    if act.act == EnterpriseAction.DEPARTMENT_MOVED:
        return _("below %(name)s") % {"name": act.note} if act.note else _("to the top")
    if act.act == EnterpriseAction.FIELDS_CHANGED:
        return _release_note(act.note)
    if act.act == EnterpriseAction.MEMBER_CHANGED and act.note:
        return _("now administrator") if act.note == "admin" else _("no longer administrator")
    return act.note


def _release_note(note: str) -> str:
    """Describe a note of ``applications.release.Difference``: ``+mobile -email``."""
    parts = []
    for words, sign in ((_("released: %(fields)s"), "+"), (_("withdrawn: %(fields)s"), "-")):
        names = [str(RELEASED[word[1:]]) for word in note.split() if word.startswith(sign) and word[1:] in RELEASED]
        if names:
            parts.append(words % {"fields": ", ".join(names)})
    return "; ".join(parts)
