"""What pages about demands and complaints share: the rules as the settings say them, and refusals beside their fields."""

from __future__ import annotations

from django import forms
from django.utils import timezone

from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.service_desk.desk_rules import DeskRules
from tradepost.market.service_desk.desk_settings import desk_rules_of


def desk_rules_now() -> DeskRules:
    return desk_rules_of(config(), timezone.get_default_timezone())


def say_why(form: forms.Form, refused: Refused) -> None:
    """Put the words beside their field; above the form where it has none such."""
    form.add_error(refused.field if refused.field in form.fields else None, str(refused.message))
