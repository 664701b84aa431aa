"""The lifecycles of an enterprise, an invitation, an import and a password file."""

from __future__ import annotations

from enum import StrEnum

from tradepost.market.base.lifecycle import Lifecycle

from .models import Enterprise, ImportRun, Invitation, PasswordFile


class EnterpriseEvent(StrEnum):
    DISSOLVE = "dissolve"


_EnterpriseStatus = Enterprise.Status
ENTERPRISE: Lifecycle[Enterprise.Status, EnterpriseEvent] = Lifecycle(
    "enterprise", {(_EnterpriseStatus.ACTIVE, EnterpriseEvent.DISSOLVE): _EnterpriseStatus.DISSOLVED}
)


class InvitationEvent(StrEnum):
    ACCEPT = "accept"
    REVOKE = "revoke"


_InvitationStatus = Invitation.Status
INVITATION: Lifecycle[Invitation.Status, InvitationEvent] = Lifecycle(
    "enterprise_invitation",
    {
        (_InvitationStatus.PENDING, InvitationEvent.ACCEPT): _InvitationStatus.ACCEPTED,
        (_InvitationStatus.PENDING, InvitationEvent.REVOKE): _InvitationStatus.REVOKED,
    },
)


class ImportEvent(StrEnum):
    READ = "read"
    FAIL = "fail"
    CONFIRM = "confirm"
    FINISH = "finish"
    STOP = "stop"


_ImportStatus = ImportRun.Status
IMPORT: Lifecycle[ImportRun.Status, ImportEvent] = Lifecycle(
    "enterprise_import",
    {
        (_ImportStatus.CHECKING, ImportEvent.READ): _ImportStatus.CHECKED,
        (_ImportStatus.CHECKING, ImportEvent.FAIL): _ImportStatus.UNREADABLE,
        (_ImportStatus.CHECKED, ImportEvent.CONFIRM): _ImportStatus.IMPORTING,
        (_ImportStatus.CHECKED, ImportEvent.STOP): _ImportStatus.STOPPED,
        (_ImportStatus.IMPORTING, ImportEvent.FINISH): _ImportStatus.DONE,
        (_ImportStatus.IMPORTING, ImportEvent.STOP): _ImportStatus.STOPPED,
    },
)


class PasswordFileEvent(StrEnum):
    FINISH = "finish"
    STOP = "stop"
    DELETE = "delete"


_PasswordFileStatus = PasswordFile.Status
PASSWORD_FILE: Lifecycle[PasswordFile.Status, PasswordFileEvent] = Lifecycle(
    "enterprise_password_file",
    {
        (_PasswordFileStatus.MAKING, PasswordFileEvent.FINISH): _PasswordFileStatus.READY,
        (_PasswordFileStatus.MAKING, PasswordFileEvent.STOP): _PasswordFileStatus.STOPPED,
        (_PasswordFileStatus.READY, PasswordFileEvent.DELETE): _PasswordFileStatus.DELETED,
        (_PasswordFileStatus.STOPPED, PasswordFileEvent.DELETE): _PasswordFileStatus.DELETED,
    },
)
