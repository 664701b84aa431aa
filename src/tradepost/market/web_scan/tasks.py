"""A seller's tasks: which address is checked, and who is asked about it (business-rules §2.7, §17.10).

One domain is checked in one place only. A task whose domain is not proven can be saved, and neither be edited nor run; one that
runs can neither be edited nor deleted; one that is proven keeps its domain.
"""

from __future__ import annotations

import re
from datetime import datetime
from http import HTTPStatus
from urllib.parse import urlsplit, urlunsplit

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils.translation import gettext as _
from msgspec import Struct

from tradepost.market.base.errors import Refused
from tradepost.market.base.hosts import wrong_host, wrong_port
from tradepost.market.base.outbound_policy import OutboundPolicy
from tradepost.market.identity.domain_names import is_loopback
from tradepost.market.identity.models import Domain, Seller, User

from .contract import RULE
from .models import ScanUse, WebScan, WebTask

CONTACT_RULE = "business-rules §17.10"
MOBILE = re.compile(r"\+?[0-9][0-9 ()-]{4,30}")
LONGEST_URL = 512
LONGEST_NAME = 64


class Contact(Struct, frozen=True, kw_only=True):
    name: str
    mobile: str
    email: str


def place_of(url: str) -> str:
    """Where an address is: its host in lower case, on this machine with its port, since all share that name."""
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    return f"{host}:{parts.port or (443 if parts.scheme == 'https' else 80)}" if is_loopback(host) else host


def address_of(text: str, *, outbound: OutboundPolicy) -> str:
    """The address that somebody typed, https where no scheme stands. Raises ``Refused``."""
    text = text.strip()
    try:
        parts = urlsplit(text if "://" in text else f"https://{text}")
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        raise _wrong("url", _("This is not a web address.")) from None
    plain = text.isascii() and text.isprintable() and " " not in text and len(text) <= LONGEST_URL
    if parts.scheme not in {"http", "https"} or not host or "@" in parts.netloc or not plain:
        raise _wrong("url", _("Enter a web address, such as https://app.example.com/."))
    if parts.query or parts.fragment:
        raise _wrong("url", _("Leave out what stands after ? and #: the check begins at a page."))
    if wrong := wrong_host(host, outbound):
        raise _wrong("url", wrong)
    if port == (443 if parts.scheme == "https" else 80):
        port = None
    if wrong := wrong_port(port, outbound):
        raise _wrong("url", wrong)
    shown = f"[{host}]" if ":" in host else host
    return urlunsplit((parts.scheme, f"{shown}:{port}" if port else shown, parts.path or "/", "", ""))


def create_task(
    seller: Seller, url: str, contact: Contact, *, by: User, outbound: OutboundPolicy, most: int, now: datetime
) -> WebTask:
    """Raises ``Refused`` for an address on no domain of this seller, one that is another's, a repetition, one too many, and a
    contact that nobody can reach."""
    url = address_of(url, outbound=outbound)
    _check(contact)
    with transaction.atomic():
        Seller.objects.select_for_update(no_key=True).get(pk=seller.pk)
        domain = _domain(seller, url)
        if WebTask.objects.filter(seller=seller, url=url).exists():
            raise Refused("web_task.repeated", _("You have a task for this address already."), field="url", rule=RULE)
        if WebTask.objects.filter(seller=seller).count() >= most:
            said = _("A company has at most %(most)s tasks. Delete one that you do not need.") % {"most": most}
            raise Refused("web_task.too_many", said, field="url", rule=CONTACT_RULE)
        place = place_of(url)
        check_place(seller, place)
        return WebTask.objects.create(
            seller=seller, domain=domain, url=url, place=place, contact_name=contact.name,
            contact_mobile=contact.mobile, contact_email=contact.email, created_at=now, created_by=by,
        )  # fmt: skip


def check_place(seller: Seller, place: str) -> None:
    """Raises ``Refused`` while another seller, whose proof stands, has this site checked."""
    others = WebTask.objects.filter(place=place, domain__status=Domain.Status.VERIFIED).exclude(seller=seller)
    if others.exists():
        raise Refused(
            "web_task.taken", _("Another seller has this domain checked: one domain is checked in one place only."),
            field="url", rule=RULE,
        )  # fmt: skip


def _domain(seller: Seller, url: str) -> Domain:
    host = (urlsplit(url).hostname or "").lower()
    domain = Domain.objects.filter(seller=seller, host=host).first()
    if domain is None:
        said = _("First register the domain %(host)s under Domains.") % {"host": host}
        raise Refused("web_task.domain", said, field="url", rule=RULE)
    return domain


def edit_task(task: WebTask, url: str, contact: Contact, *, outbound: OutboundPolicy) -> WebTask:
    """Another path or contact. Raises ``Refused`` for an unproven task, one that runs, and another domain."""
    url = address_of(url, outbound=outbound)
    _check(contact)
    with transaction.atomic():
        standing = _locked(task)
        if standing.domain.status != Domain.Status.VERIFIED:
            raise Refused("web_task.unproven", _("First prove that the domain is yours."), rule=RULE)
        _not_running(standing)
        if place_of(url) != standing.place:
            said = _("A task keeps its domain. Make another task for another one.")
            raise Refused("web_task.other_domain", said, field="url", rule=RULE)
        if WebTask.objects.filter(seller=standing.seller_id, url=url).exclude(pk=standing.pk).exists():
            raise Refused("web_task.repeated", _("You have a task for this address already."), field="url", rule=RULE)
        WebTask.objects.filter(pk=standing.pk).update(
            url=url, contact_name=contact.name, contact_mobile=contact.mobile, contact_email=contact.email
        )
        standing.refresh_from_db()
        return standing


def delete_task(task: WebTask) -> None:
    """With its reports. Raises ``Refused`` while it runs, and when a product was handed in with one of them."""
    with transaction.atomic():
        standing = _locked(task)
        _not_running(standing)
        if ScanUse.objects.filter(scan__task=standing).exists():
            raise Refused(
                "web_task.used", _("A product was handed in with a report of this task, so it is kept."), rule=RULE
            )
        standing.delete()


def _locked(task: WebTask) -> WebTask:
    Seller.objects.select_for_update(no_key=True).get(pk=task.seller_id)
    return WebTask.objects.select_related("domain").get(pk=task.pk)


def _not_running(task: WebTask) -> None:
    if WebScan.objects.filter(task=task, status=WebScan.Status.RUNNING).exists():
        raise Refused("web_task.runs", _("This task is running. Wait for its end, or stop it."), rule=RULE)


def _check(contact: Contact) -> None:
    if not contact.name.strip() or len(contact.name) > LONGEST_NAME:
        raise _wrong("contact_name", _("Say who is asked about this site: at most 64 characters."), CONTACT_RULE)
    if not MOBILE.fullmatch(contact.mobile):
        raise _wrong("contact_mobile", _("Enter a phone number in digits, such as +86 139 1234 5678."), CONTACT_RULE)
    try:
        validate_email(contact.email)
    except ValidationError:
        raise _wrong("contact_email", _("This is no e-mail address."), CONTACT_RULE) from None


def _wrong(field: str, message: str, rule: str = RULE) -> Refused:
    return Refused("web_task.wrong", message, HTTPStatus.UNPROCESSABLE_ENTITY, field=field, rule=rule)
