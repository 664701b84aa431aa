"""Personal data in applications: which applications the person may use, and their sign-ins."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from tradepost.market.base.personal import Exported, Personal

from .models import Authorisation, SignInEntry

EXPORTED = (
    Exported(
        name="applications", title=_("Applications you may use"), model=Authorisation, whose="member__user",
        columns="binding__enterprise__name binding__application__name wanted admin changed_at",
    ),
    Exported(
        name="application_sign_ins", title=_("Sign-ins in enterprises"), model=SignInEntry, whose="member__user",
        columns="at enterprise__name application__name result way second_step network agent",
    ),
)  # fmt: skip

PERSONAL = Personal(exported=EXPORTED)
