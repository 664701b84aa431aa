"""Test calls to keep: those that a saved case shows."""

from __future__ import annotations

from django.db.models import Exists, OuterRef, Q

from .models import DebugCase

CALLS = Q(Exists(DebugCase.objects.filter(call=OuterRef("pk"))))
