"""The scan result of a document beside its link. Available without ``{% load %}``."""

from __future__ import annotations

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from tradepost.market.assets import file_scans
from tradepost.market.assets.scan_contract import Verdict

register = template.Library()


@register.simple_tag
def scan_state(sha256: str, store: str = file_scans.PROOFS) -> SafeString:
    """Render the scan result. An unscanned document is never shown as clean; an infected one says what its sender can
    do."""
    if not sha256:
        return SafeString("")
    verdict = file_scans.verdicts([sha256], store=store)[sha256]
    tones = {
        Verdict.CLEAN: ("good", _("No malware found")),
        Verdict.INFECTED: ("bad", pgettext("document", "Infected: send a clean file instead")),
        Verdict.NOT_SCANNED: ("calm", pgettext("document", "Not scanned for malware")),
    }
    tone, words = tones.get(Verdict(verdict), ("calm", pgettext("document", "Being scanned for malware")))
    return format_html('<span class="tp-badge tp-{}" data-scan="{}">{}</span>', tone, verdict or "waiting", words)
