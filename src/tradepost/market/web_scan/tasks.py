"""A seller's tasks: the address to check, and a contact (business-rules §2.7, §17.10).

Only one seller can have a domain checked. A task on an unproven domain can be created, but not edited or run. A
running task can be neither edited nor deleted. A task on a proven domain keeps its domain."""

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
from tradepost.market.base.hosts import host_error, port_error
from tradepost.market.base.outbound_policy import OutboundPolicy
from tradepost.market.identity.domain_names import is_loopback
from tradepost.market.identity.models import Domain, Seller, User

from .contract import RULE
from .models import ScanUse, WebScan, WebTask

CONTACT_RULE = "business-rules §17.10"
MOBILE = re.compile(r"\+?[0-9][0-9 ()-]{4,30}")
MAX_URL_LENGTH = 512
MAX_NAME_LENGTH = 64


class Contact(Struct, frozen=True, kw_only=True):
    name: str
    mobile: str
    email: str


def host_of(url: str) -> str:
    """Return the host of an address in lower case; for loopback names with the port, because all sellers share these
    names."""
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    return f"{host}:{parts.port or (443 if parts.scheme == 'https' else 80)}" if is_loopback(host) else host


def address_of(text: str, *, outbound: OutboundPolicy) -> str:
    """Return the address from a user's input, with https as the default scheme. Raises ``Refused``."""
    text = text.strip()
    try:
        parts = urlsplit(text if "://" in text else f"https://{text}")
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        raise _invalid_task("url", _("This is not a web address.")) from None
    is_valid = text.isascii() and text.isprintable() and " " not in text and len(text) <= MAX_URL_LENGTH
    if parts.scheme not in {"http", "https"} or not host or "@" in parts.netloc or not is_valid:
        raise _invalid_task("url", _("Enter a web address, such as https://app.example.com/."))
    if parts.query or parts.fragment:
        raise _invalid_task("url", _("Remove everything from ? or # on. The check starts from a page address."))
    if error := host_error(host, outbound):
        raise _invalid_task("url", error)
    if port == (443 if parts.scheme == "https" else 80):
        port = None
    if error := port_error(port, outbound):
        raise _invalid_task("url", error)
    url_host = f"[{host}]" if ":" in host else host
    return urlunsplit((parts.scheme, f"{url_host}:{port}" if port else url_host, parts.path or "/", "", ""))


def create_task(
    seller: Seller, url: str, contact: Contact, *, by: User, outbound: OutboundPolicy, most: int, now: datetime
) -> WebTask:
    """Create a task. Raises ``Refused`` for an address outside of the seller's domains, one that another seller has
    checked, a duplicate, too many tasks, and an invalid contact."""
    url = address_of(url, outbound=outbound)
    _check(contact)
    with transaction.atomic():
        Seller.objects.select_for_update(no_key=True).get(pk=seller.pk)
        domain = _domain(seller, url)
        if WebTask.objects.filter(seller=seller, url=url).exists():
            raise Refused("web_task.repeated", _("You have a task for this address already."), field="url", rule=RULE)
        if WebTask.objects.filter(seller=seller).count() >= most:
            message = _("A company has at most %(most)s tasks. Delete one that you do not need.") % {"most": most}
            raise Refused("web_task.too_many", message, field="url", rule=CONTACT_RULE)
        place = host_of(url)
        check_place(seller, place)
        return WebTask.objects.create(
            seller=seller, domain=domain, url=url, place=place, contact_name=contact.name,
            contact_mobile=contact.mobile, contact_email=contact.email, created_at=now, created_by=by,
        )  # fmt: skip


def check_place(seller: Seller, place: str) -> None:
    """Raise ``Refused`` if another seller with a valid proof has this site checked."""
    other_tasks = WebTask.objects.filter(place=place, domain__status=Domain.Status.VERIFIED).exclude(seller=seller)
    if other_tasks.exists():
        raise Refused(
            "web_task.taken", _(
                "Another seller already checks this domain. A domain can be checked by only one seller."),
            field="url", rule=RULE,
        )  # fmt: skip


def _domain(seller: Seller, url: str) -> Domain:
    host = (urlsplit(url).hostname or "").lower()
    domain = Domain.objects.filter(seller=seller, host=host).first()
    if domain is None:
        message = _("First register the domain %(host)s under Domains.") % {"host": host}
        raise Refused("web_task.domain", message, field="url", rule=RULE)
    return domain


def edit_task(task: WebTask, url: str, contact: Contact, *, outbound: OutboundPolicy) -> WebTask:
    """Change path or contact. Raises ``Refused`` for an unproven or running task, and for another domain."""
    url = address_of(url, outbound=outbound)
    _check(contact)
    with transaction.atomic():
        current_task = _locked(task)
        if current_task.domain.status != Domain.Status.VERIFIED:
            raise Refused("web_task.unproven", _("Verify the domain first."), rule=RULE)
        _check_not_running(current_task)
        if host_of(url) != current_task.place:
            message = _("The domain of a task cannot be changed. Create another task for another domain.")
            raise Refused("web_task.other_domain", message, field="url", rule=RULE)
        if WebTask.objects.filter(seller=current_task.seller_id, url=url).exclude(pk=current_task.pk).exists():
            raise Refused("web_task.repeated", _("You have a task for this address already."), field="url", rule=RULE)
        WebTask.objects.filter(pk=current_task.pk).update(
            url=url, contact_name=contact.name, contact_mobile=contact.mobile, contact_email=contact.email
        )
        current_task.refresh_from_db()
        return current_task


def delete_task(task: WebTask) -> None:
    """Delete a task with its reports. Raises ``Refused`` while it runs, or if a product was submitted with one of
    them."""
    with transaction.atomic():
        current_task = _locked(task)
        _check_not_running(current_task)
        if ScanUse.objects.filter(scan__task=current_task).exists():
            raise Refused(
                "web_task.used",
                _("A product was submitted with a report of this task, so the task cannot be deleted."),
                rule=RULE,
            )
        current_task.delete()


def _locked(task: WebTask) -> WebTask:
    Seller.objects.select_for_update(no_key=True).get(pk=task.seller_id)
    return WebTask.objects.select_related("domain").get(pk=task.pk)


def _check_not_running(task: WebTask) -> None:
    if WebScan.objects.filter(task=task, status=WebScan.Status.RUNNING).exists():
        raise Refused("web_task.runs", _("This task is running. Wait until it finishes, or stop it."), rule=RULE)


def _check(contact: Contact) -> None:
    if not contact.name.strip() or len(contact.name) > MAX_NAME_LENGTH:
        raise _invalid_task(
            "contact_name", _("Enter the contact for this website, at most 64 characters."), CONTACT_RULE
        )
    if not MOBILE.fullmatch(contact.mobile):
        raise _invalid_task(
            "contact_mobile", _("Enter a phone number in digits, such as +86 139 1234 5678."), CONTACT_RULE
        )
    try:
        validate_email(contact.email)
    except ValidationError:
        raise _invalid_task("contact_email", _("The e-mail address is not valid."), CONTACT_RULE) from None


def _invalid_task(field: str, message: str, rule: str = RULE) -> Refused:
    return Refused("web_task.wrong", message, HTTPStatus.UNPROCESSABLE_ENTITY, field=field, rule=rule)
