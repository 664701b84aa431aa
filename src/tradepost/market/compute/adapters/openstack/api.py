"""Calls to OpenStack: one connection, through the outbound policy, with errors as ``CloudError``."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tradepost.market.compute.cloud_file import CloudFile, LiveFile, Login
from tradepost.market.compute.contract import CloudError, Fault
from tradepost.market.compute.guarded_pools import CONNECT_SECONDS, READ_SECONDS, guard

NO_HOST = ("no valid host", "no suitable host", "insufficient", "not enough")
NO_ADDRESSES = ("no more ip addresses", "no fixed ip addresses", "zero fixed ips")
NO_QUOTA = ("quota", "limit exceeded", "maximum number of")


def fault_of(message: str, status: int = 0) -> Fault:
    """Nova answers 403 both for a quota and for a missing permission, and names the difference in words."""
    words = message.lower()
    if any(part in words for part in NO_QUOTA) or status == 413:
        return Fault.QUOTA
    if any(part in words for part in NO_ADDRESSES):
        return Fault.ADDRESSES
    if any(part in words for part in NO_HOST):
        return Fault.CAPACITY
    if status in {401, 403}:
        return Fault.CREDENTIALS
    return Fault.SETTINGS if status in {400, 404} else Fault.OTHER


class Api:
    def __init__(self, file: LiveFile) -> None:
        self._file = file
        self._lock = threading.Lock()
        self._made: tuple[object, Any] | None = None

    @property
    def compute(self) -> Any:
        """The compute proxy; a new one after the cloud file changed. Raises ``CloudError`` without credentials."""
        file, setup = self._file.now, self._file.setup
        login = file.credentials
        place = (file.endpoint, file.region, file.project, login, setup.access_key, setup.secret_key)
        with self._lock:
            if self._made is None or self._made[0] != place:
                self._made = (place, self._connected(file, login))
            return self._made[1].compute

    def _connected(self, file: CloudFile, login: Login) -> Any:
        import requests
        from keystoneauth1.session import Session
        from openstack.config import cloud_region
        from openstack.connection import Connection

        if not file.endpoint:
            raise CloudError(
                "endpoint: set the address of Keystone in the cloud file", final=True, fault=Fault.SETTINGS
            )
        plain = requests.Session()
        guard(plain, self._file.setup.outbound)
        session = Session(
            auth=self._auth(file, login), session=plain, verify=plain.verify, timeout=CONNECT_SECONDS + READ_SECONDS,
            connect_retries=0,
        )  # fmt: skip
        return Connection(config=cloud_region.from_session(session=session, region_name=file.region))

    def _auth(self, file: CloudFile, login: Login) -> Any:
        from keystoneauth1.identity import v3

        if login.user and not self._file.setup.access_key:
            return v3.Password(
                auth_url=file.endpoint, username=login.user, password=login.password, user_domain_name=login.domain,
                project_name=file.project, project_domain_name=login.domain,
            )  # fmt: skip
        access, secret = self._file.keys
        return v3.ApplicationCredential(
            auth_url=file.endpoint, application_credential_id=access, application_credential_secret=secret
        )


@contextmanager
def refusals() -> Iterator[None]:
    """Raise what the SDK raises as ``CloudError``."""
    from keystoneauth1.exceptions import ClientException
    from keystoneauth1.exceptions import HttpError as SessionHttpError
    from openstack.exceptions import HttpException, SDKException

    try:
        yield
    except HttpException as refused:
        raise _error(str(refused.details or refused), refused.status_code or 0) from refused
    except SessionHttpError as refused:
        raise _error(str(refused), refused.http_status or 0) from refused
    except (ClientException, SDKException, OSError) as away:
        raise CloudError(str(away), fault=Fault.UNREACHABLE) from away


def _error(message: str, status: int) -> CloudError:
    return CloudError(f"{status}: {message}", fault=fault_of(message, status))
