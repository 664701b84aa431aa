"""What a person typed into the form of a case, made into a test call to an address of theirs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from http import HTTPStatus

from django.utils.translation import get_language
from django.utils.translation import gettext as _
from msgspec import Struct

from tradepost.market.base.errors import Refused
from tradepost.market.identity.models import SigningKey
from tradepost.market.production.models import Address
from tradepost.protocols.cases import Case, CaseField, CaseRefused, ProtocolCases, cases_of
from tradepost.protocols.commands import Command
from tradepost.protocols.registry import protocols
from tradepost.protocols.text import Text

from .attributes import undescribed
from .models import DebugCase
from .tenants import real_tenants

ENCRYPTION = "encryptType"
"""Field of the strength that the seller chose at the production address: "Request fields use the strength chosen at
publication" (saas-v1-license A1.4)."""


class ValuesRefused(Refused):
    """Typed values that make no request. ``errors``: words by the path of the field, an empty path for all of them."""

    def __init__(self, errors: Mapping[str, Text]) -> None:
        self.errors = {path: words.in_language(get_language()) for path, words in errors.items()}
        path, words = next(iter(self.errors.items()))
        super().__init__("debug.values", words, HTTPStatus.BAD_REQUEST, field=path)


class Form(Struct, frozen=True):
    """One case at one address."""

    address: Address
    cases: ProtocolCases
    case: Case

    @property
    def key(self) -> dict[str, object]:
        return {"address": self.address, "activity": self.case.activity, "variant": self.case.variant}

    @property
    def fields(self) -> tuple[CaseField, ...]:
        """The fields of the case, with the address's own encryption."""
        return tuple(
            replace(field, fixed=self.address.encryption) if field.path == ENCRYPTION else field
            for field in self.cases.fields(self.case)
        )

    @property
    def fixed(self) -> dict[str, str]:
        """Values that the case or the address sets, by path."""
        return {field.path: field.fixed for field in self.fields if field.fixed is not None}


def form_of(address: Address, activity: str, variant: str = "") -> Form:
    """Raises ``Refused`` (404) for an activity or a variant that the address's protocol does not have."""
    cases = cases_of(address.protocol) if address.protocol in protocols() else None
    case = cases.case(activity, variant) if cases else None
    if cases is None or case is None:
        raise Refused("debug.no_case", _("This protocol has no such interface."), HTTPStatus.NOT_FOUND)
    return Form(address, cases, case)


def asked(form: Form, values: Mapping[str, str]) -> Command:
    """The test call. Raises ``ValuesRefused``."""
    try:
        command = form.cases.command(form.case, {**values, **form.fixed})
    except CaseRefused as refused:
        raise ValuesRefused(refused.errors) from None
    seller, kept = form.address.seller, kept_values(form, values)
    if errors := undescribed(seller, kept) | real_tenants(seller, kept):
        raise ValuesRefused(errors)
    return command


def kept_values(form: Form, values: Mapping[str, str]) -> dict[str, str]:
    """What is kept of what was typed: the form's own fields, as long as they may be."""
    return {
        one.path: values.get(one.path, "").strip()[: one.length]
        for one in form.cases.fields(form.case)
        if one.path in values
    }


def current_key(address: Address) -> SigningKey | None:
    """The key that signs calls to the address; None when its seller has none of this class."""
    spoken = protocols().get(address.protocol)
    if spoken is None:
        return None
    return SigningKey.objects.filter(
        seller_id=address.seller_id, interface_class=spoken.key_class, valid_until=None
    ).first()


def need_key(address: Address) -> SigningKey:
    """Raises ``Refused`` where there is no key to call with."""
    key = current_key(address)
    if key is None:
        raise Refused(
            "debug.no_key",
            _(
                "There is no signing key of this interface class yet: make one on the Keys page, and set it in your server."
            ),
        )
    return key


def shown_values(form: Form, *, now: datetime) -> dict[str, str]:
    """What the form shows: what was saved, else samples, with an instance that the seller's server once answered."""
    saved = DebugCase.objects.filter(**form.key).values_list("values", flat=True).first()
    fresh = form.cases.values(form.case, now=now, known=_known(form.address))
    return {**fresh, **{path: value for path, value in (saved or {}).items() if path in fresh}, **form.fixed}


def _known(address: Address) -> dict[str, str]:
    """The instance id that the saved creation was answered with (saas-v2 §5.1: values must exist in the seller's system)."""
    created = DebugCase.objects.filter(address=address, kind="Create").order_by("-tried_at").select_related("call")
    instance = next((one.call.instance_id for one in created if one.call is not None and one.call.instance_id), "")
    return {"instanceId": instance} if instance else {}
