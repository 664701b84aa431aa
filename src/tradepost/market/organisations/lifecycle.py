"""The lives of an enterprise, an invitation and an import as tables."""

from __future__ import annotations

from enum import StrEnum

from tradepost.market.base.lifecycle import Lifecycle

from .models import Enterprise, ImportRun, Invitation, PasswordFile


class EnterpriseEvent(StrEnum):
    DISSOLVE = "dissolve"


_E = Enterprise.Status
ENTERPRISE: Lifecycle[Enterprise.Status, EnterpriseEvent] = Lifecycle(
    "enterprise", {(_E.ACTIVE, EnterpriseEvent.DISSOLVE): _E.DISSOLVED}
)


class InvitationEvent(StrEnum):
    ACCEPT = "accept"
    REVOKE = "revoke"


_I = Invitation.Status
INVITATION: Lifecycle[Invitation.Status, InvitationEvent] = Lifecycle(
    "enterprise_invitation",
    {
        (_I.PENDING, InvitationEvent.ACCEPT): _I.ACCEPTED,
        (_I.PENDING, InvitationEvent.REVOKE): _I.REVOKED,
    },
)


class ImportEvent(StrEnum):
    READ = "read"
    FAIL = "fail"
    CONFIRM = "confirm"
    FINISH = "finish"
    STOP = "stop"


_R = ImportRun.Status
IMPORT: Lifecycle[ImportRun.Status, ImportEvent] = Lifecycle(
    "enterprise_import",
    {
        (_R.CHECKING, ImportEvent.READ): _R.CHECKED,
        (_R.CHECKING, ImportEvent.FAIL): _R.UNREADABLE,
        (_R.CHECKED, ImportEvent.CONFIRM): _R.IMPORTING,
        (_R.CHECKED, ImportEvent.STOP): _R.STOPPED,
        (_R.IMPORTING, ImportEvent.FINISH): _R.DONE,
        (_R.IMPORTING, ImportEvent.STOP): _R.STOPPED,
    },
)


class PasswordFileEvent(StrEnum):
    FINISH = "finish"
    STOP = "stop"
    DELETE = "delete"


_F = PasswordFile.Status
PASSWORD_FILE: Lifecycle[PasswordFile.Status, PasswordFileEvent] = Lifecycle(
    "enterprise_password_file",
    {
        (_F.MAKING, PasswordFileEvent.FINISH): _F.READY,
        (_F.MAKING, PasswordFileEvent.STOP): _F.STOPPED,
        (_F.READY, PasswordFileEvent.DELETE): _F.DELETED,
        (_F.STOPPED, PasswordFileEvent.DELETE): _F.DELETED,
    },
)
