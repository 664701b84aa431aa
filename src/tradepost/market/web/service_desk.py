"""Helpers of the pages for demands and complaints: rules from the settings, and the idempotency key of a form."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from tradepost.market.base import ids
from tradepost.market.base.config import config
from tradepost.market.service_desk.desk_rules import DeskRules
from tradepost.market.service_desk.desk_settings import desk_rules_of

KEY = "idempotency_key"
"""Field with the idempotency key of a displayed form (decision 0018)."""


def key_for_form(request: HttpRequest) -> str:
    """Return the key for the form: the submitted key when it is shown again with errors, otherwise a new one."""
    return request.POST.get(KEY, "")[:64] or ids.hex_id()


def key_of(request: HttpRequest, inputs: Mapping[str, Any]) -> str:
    """Return the key of a request: a hash of the form's key and its input; "" for a form without a key."""
    form_key = request.POST.get(KEY, "")[:64]
    return hashlib.sha256(json.dumps([form_key, dict(inputs)]).encode()).hexdigest() if form_key else ""


def desk_rules_now() -> DeskRules:
    return desk_rules_of(config(), timezone.get_default_timezone())
