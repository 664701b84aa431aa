"""What pages about demands and complaints share: the rules as the settings say them, and the name of a form that is sent."""

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
"""Of a form that asks for something: which display of it was sent (decision 0018)."""


def key_shown(request: HttpRequest) -> str:
    """What the form holds: the same when it is shown again with a fault in it."""
    return request.POST.get(KEY, "")[:64] or ids.hex_id()


def key_of(request: HttpRequest, typed: Mapping[str, Any]) -> str:
    """Names one request: this display of the form and what was typed into it. A form without a name names none."""
    shown = request.POST.get(KEY, "")[:64]
    return hashlib.sha256(json.dumps([shown, dict(typed)]).encode()).hexdigest() if shown else ""


def desk_rules_now() -> DeskRules:
    return desk_rules_of(config(), timezone.get_default_timezone())
