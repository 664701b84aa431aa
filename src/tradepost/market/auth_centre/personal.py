"""Personal data of the auth centre: sign-ins, and data that applications may read.

``personal_data`` is a lower layer, so ``wiring`` passes it this declaration.
"""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from tradepost.market.base.personal import Exported

from .models import Consent, SignInSession

EXPORTED = (
    Exported(
        name="auth_centre_sign_ins", title=_("Sign-ins at the auth centre"), model=SignInSession, whose="member__user",
        columns="member__enterprise__name begun_at way second_step network agent expires_at ended_at",
    ),
    Exported(
        name="released_data", title=_("Data that applications may read"), model=Consent, whose="member__user",
        columns="member__enterprise__name client__application__name fields given_at withdrawn_at",
    ),
)  # fmt: skip
