"""The states of a code as a table. ``code_status`` derives from the service whether the code is frozen or ended."""

from __future__ import annotations

from enum import StrEnum

from tradepost.market.base.lifecycle import Lifecycle

from .code_models import LicenseCode

CodeStatus = LicenseCode.Status


class CodeEvent(StrEnum):
    TAKE = "take"
    ACTIVATE = "activate"
    GIVE_BACK = "give back"


LICENSE_CODE: Lifecycle[CodeStatus, CodeEvent] = Lifecycle(
    "license code",
    {
        (CodeStatus.ISSUED, CodeEvent.TAKE): CodeStatus.TAKEN,
        (CodeStatus.TAKEN, CodeEvent.ACTIVATE): CodeStatus.ACTIVE,
        (CodeStatus.ISSUED, CodeEvent.GIVE_BACK): CodeStatus.WITHDRAWN,
        (CodeStatus.TAKEN, CodeEvent.GIVE_BACK): CodeStatus.WITHDRAWN,
    },
)
