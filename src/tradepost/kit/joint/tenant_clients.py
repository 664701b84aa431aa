"""Client, secret and address for a tenant's sign-in, from synchronised rows only (openapi-jointkit §B.2)."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tradepost.protocols.client_secret import UnfitKey, UnreadableSecret

from .auth_centre import AuthCentre, AuthCentreError, Tokens, usable_domain

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterator

    from .client_secrets import ClientSecrets
    from .directory import Directory
    from .rows import Client

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantClients:
    """The clients of one application, by tenant."""

    directory: Directory
    secrets: ClientSecrets
    app_id: str
    timeout: float
    tls: ssl.SSLContext | None
    insecure_http: bool

    def of(self, tenant_id: str) -> Iterator[Client]:
        """Yield the clients with a valid domain; those of an instance before that of the credential."""
        for client in self.directory.clients(tenant_id, self.app_id):
            try:
                usable_domain(client.tenant.domain, insecure_http=self.insecure_http)
            except ValueError as error:
                log.error("Tenant %r: %s", tenant_id, error)  # noqa: TRY400  # the words say it all
            else:
                yield client

    def centre(self, client: Client) -> AuthCentre:
        return AuthCentre(domain=client.tenant.domain.rstrip("/"), timeout=self.timeout, tls=self.tls)

    def with_secret(self, clients: list[Client], ask: Callable[[str], Tokens]) -> Tokens:
        """Request tokens with the secret of each instance in turn, since some rows have the old secret during a change.

        Raises ``AuthCentreError``.
        """
        refusal = AuthCentreError("unreadable", "no client secret of this tenant can be read")
        for secret in dict.fromkeys(client.application.kept_secret for client in clients):
            try:
                return ask(self.secrets.plain(secret))
            except (UnreadableSecret, UnfitKey) as error:
                log.error("A client secret that was kept cannot be read: %s", error)  # noqa: TRY400
            except AuthCentreError as error:
                if error.code != "invalid_client":
                    raise
                refusal = error
        raise refusal
