"""Checks requests, addresses and lists against the console's table of roles (``identity.console_roles``).

``access.operator_required`` calls it before each request, and ``within_reach`` removes links and forms that the reader
may not use. Two rules apply to every role: no act on one's own account or company (``own_business``), and only owners
change an operator's account.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from django.http import HttpRequest
from django.urls import Resolver404, ResolverMatch, resolve
from django.utils.translation import gettext as _

from tradepost.market.base.errors import Refused
from tradepost.market.identity.console_roles import READING, is_permitted, roles_allowed
from tradepost.market.identity.models import User
from tradepost.market.identity.operator_roles import IS_OPERATOR, Role

if TYPE_CHECKING:
    from tradepost.market.work_queue.contract import Source


@lru_cache(maxsize=4096)
def _match_of(path: str) -> ResolverMatch | None:
    """Return the resolver match of a console address, or None for other addresses."""
    try:
        match = resolve(path.partition("?")[0].partition("#")[0])
    except Resolver404:
        return None
    return match if match.namespace == "console" else None


def may_send(role: str, path: str, method: str = "GET") -> bool:
    """Return whether the role includes the request. Addresses of other sites are always allowed."""
    match = _match_of(path)
    return match is None or is_permitted(role, match.url_name or "", method)


def refusal_message(role: str, path: str, method: str) -> str:
    """Return why an operator of this role may not send the request; "" if it is allowed or not in the console."""
    match = _match_of(path)
    if match is None:
        return ""
    if not is_permitted(role, match.url_name or "", method):
        return lacking_role_message(role, match.url_name or "", method)
    return _owners_only_message() if _is_account_of_operator(role, match, method) else ""


def reads_source(role: str) -> Callable[[Source[Any]], bool]:
    """Return a predicate: whether the role includes the list of a work queue source."""
    return lambda source: may_send(role, source.list_url())


def roles_for(name: str, method: str) -> list[str]:
    """Return the names of the roles that include the request, in the reader's language and in the order of the roles."""
    return [str(role.label) for role in roles_allowed(name, method)]


def refuse(request: HttpRequest, operator: User) -> None:
    """Raise ``Refused`` (403) if the operator's role does not include the request."""
    match = request.resolver_match
    name, method = (match.url_name or "" if match else ""), request.method or ""
    if not is_permitted(operator.operator_role, name, method):
        raise Refused("operator.role", lacking_role_message(operator.operator_role, name, method), HTTPStatus.FORBIDDEN)
    if match and _is_account_of_operator(operator.operator_role, match, method):
        raise Refused("operator.account", _owners_only_message(), HTTPStatus.FORBIDDEN)


def lacking_role_message(role: str, name: str, method: str) -> str:
    """Return the message that names the roles for the request."""
    words = {"role": Role(role).label, "roles": ", ".join(roles_for(name, method))}
    if method in READING:
        return (
            _("Your role, %(role)s, does not include this page. It is for: %(roles)s. An owner can change your role.")
            % words
        )
    return _("Your role, %(role)s, does not include this. It is for: %(roles)s. An owner can change your role.") % words


def _owners_only_message() -> str:
    return _("Only an owner can change the account of an operator.")


def _is_account_of_operator(role: str, match: ResolverMatch, method: str) -> bool:
    """Return whether the request would change an operator's account and the role is not owner."""
    from .audit_acts import ACTS  # late import: it loads the models of every context

    act = ACTS.get(match.url_name or "")
    if method in READING or role == Role.OWNER or act is None or act.kind != "account":
        return False
    return User.objects.filter(IS_OPERATOR, pk=int(str(match.kwargs["pk"]))).exists()
