"""Build a test call from the form of a case."""

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

from .attributes import attribute_errors
from .models import DebugCase, DebugRun
from .tenants import real_tenant_errors

ENCRYPTION = "encryptType"
"""Field of the encryption strength of the production address: "Request fields use the strength chosen at publication"
(saas-v1-license A1.4)."""


INSTANCE = "instanceId"


class ValuesRefused(Refused):
    """Invalid values in the form. ``errors``: messages by field path; an empty path for the whole form."""

    def __init__(self, errors: Mapping[str, Text]) -> None:
        self.errors = {path: words.in_language(get_language()) for path, words in errors.items()}
        path, words = next(iter(self.errors.items()))
        super().__init__("debug.values", words, HTTPStatus.BAD_REQUEST, field=path)


class Form(Struct, frozen=True):
    """A case at an address."""

    address: Address
    cases: ProtocolCases
    case: Case

    @property
    def key(self) -> dict[str, object]:
        return {"address": self.address, "activity": self.case.activity, "variant": self.case.variant}

    @property
    def fields(self) -> tuple[CaseField, ...]:
        """The fields of the case, with the address's encryption."""
        return tuple(
            replace(field, fixed=self.address.encryption) if field.path == ENCRYPTION else field
            for field in self.cases.fields(self.case)
        )

    @property
    def fixed(self) -> dict[str, str]:
        """Values that the case or the address sets, by path."""
        return {field.path: field.fixed for field in self.fields if field.fixed is not None}


def form_of(address: Address, activity: str, variant: str = "") -> Form:
    """Return the form. Raises ``Refused`` (404) if the address's protocol has no such activity or variant."""
    cases = cases_of(address.protocol) if address.protocol in protocols() else None
    case = cases.case(activity, variant) if cases else None
    if cases is None or case is None:
        raise Refused("debug.no_case", _("This protocol has no such interface."), HTTPStatus.NOT_FOUND)
    return Form(address, cases, case)


def build_command(form: Form, values: Mapping[str, str]) -> Command:
    """Build the test call. Raises ``ValuesRefused``."""
    try:
        command = form.cases.command(form.case, {**values, **form.fixed})
    except CaseRefused as refusal:
        raise ValuesRefused(refusal.errors) from None
    seller, stored_values = form.address.seller, storable_values(form, values)
    if errors := attribute_errors(seller, stored_values) | real_tenant_errors(seller, stored_values):
        raise ValuesRefused(errors)
    return command


def storable_values(form: Form, values: Mapping[str, str]) -> dict[str, str]:
    """Return the values to store: only fields of the form, shortened to their maximum length."""
    return {
        field.path: values.get(field.path, "").strip()[: field.length]
        for field in form.cases.fields(form.case)
        if field.path in values
    }


def current_key(address: Address) -> SigningKey | None:
    """Return the key that signs calls to the address; None if the seller has no key of this class."""
    protocol = protocols().get(address.protocol)
    if protocol is None:
        return None
    return SigningKey.objects.filter(
        seller_id=address.seller_id, interface_class=protocol.key_class, valid_until=None
    ).first()


def require_key(address: Address) -> SigningKey:
    """Return the key that signs calls to the address. Raises ``Refused`` if there is none."""
    key = current_key(address)
    if key is None:
        raise Refused(
            "debug.no_key",
            _(
                "There is no signing key of this interface class yet. Create one on the Keys page, and set it in "
                "your server."
            ),
        )
    return key


def initial_values(form: Form, *, now: datetime, last: DebugRun | None = None) -> dict[str, str]:
    """Return the values to show: those of ``last``, else the saved values, else samples.

    A newer instance replaces a saved one, which may be released (saas-v2 §5.1: values must exist in the seller's
    system).
    """
    saved_case = DebugCase.objects.filter(**form.key).first()
    known_values: dict[str, str] = {**(saved_case.values if saved_case else {}), **(last.values if last else {})}
    known_at = max([*([saved_case.saved_at] if saved_case else []), *([last.started_at] if last else [])], default=None)
    instance, created_at = _newest_instance(form.address)
    if created_at is not None and known_at is not None and created_at > known_at:
        known_values.pop(INSTANCE, None)
    defaults = form.cases.values(form.case, now=now, known={INSTANCE: instance} if instance else {})
    return {**defaults, **{path: value for path, value in known_values.items() if path in defaults}, **form.fixed}


def _newest_instance(address: Address) -> tuple[str, datetime | None]:
    """Return the instance id from the saved creation call, and its time."""
    created_cases = (
        DebugCase.objects.filter(address=address, kind="Create").order_by("-tried_at").select_related("call")
    )
    for case in created_cases:
        if case.call is not None and case.call.instance_id:
            return case.call.instance_id, case.tried_at
    return "", None
