"""Explanations of cloud faults. Those for buyers omit details of the account; those for operators say what to do."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext_noop

from .contract import Fault

FOR_BUYERS: Mapping[str, str] = {
    Fault.QUOTA: gettext_noop("The cloud has reached its limit for new servers. Try again later or contact Support."),
    Fault.CAPACITY: gettext_noop(
        "The cloud has no free capacity for this server size. Choose another size or try again later."
    ),
    Fault.ADDRESSES: gettext_noop("The cloud has no free network address. Try again later or contact Support."),
    Fault.CREDENTIALS: gettext_noop("The cloud is not available to this store at the moment. Contact Support."),
    Fault.SETTINGS: gettext_noop(
        "This image or server size is not available in the cloud at the moment. Contact Support."
    ),
    Fault.UNREACHABLE: gettext_noop("The cloud could not be reached. Try again later."),
    Fault.OTHER: gettext_noop("The cloud could not complete the request. Try again later or contact Support."),
}
FOR_OPERATORS: Mapping[str, str] = {
    Fault.QUOTA: gettext_noop(
        "The cloud account has reached a quota. Delete unused resources or ask the cloud for a higher quota."
    ),
    Fault.CAPACITY: gettext_noop(
        "The cloud has no free resources of this size. Retry later, or offer another size or zone in the cloud file."
    ),
    Fault.ADDRESSES: gettext_noop(
        "The subnet has no free addresses. Delete unused ports, or name a larger subnet or network in the cloud file."
    ),
    Fault.CREDENTIALS: gettext_noop(
        "The cloud refused the credentials. Check the keys and the permissions of the account."
    ),
    Fault.SETTINGS: gettext_noop(
        "The cloud file names something that the cloud does not have. Correct it, then run tradepost doctor."
    ),
    Fault.UNREACHABLE: gettext_noop("The cloud could not be reached. Check the endpoint and TRADEPOST_NETWORKS."),
}
_STORED_BEFORE = gettext_noop("The cloud could not complete the operation.")
"""The note of operations that ended before faults were recorded."""


def for_buyers(fault: str) -> str:
    """Return a message id for gettext."""
    return FOR_BUYERS.get(fault, FOR_BUYERS[Fault.OTHER])


def for_operators(fault: str) -> str:
    """Return a message id for gettext; empty if only the cloud's own message is known."""
    return FOR_OPERATORS.get(fault, "")
