"""Connection to OpenStack that follows the outbound policy and raises ``CloudError``."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tradepost.market.base.guarded_pools import CONNECT_SECONDS, READ_SECONDS, guard
from tradepost.market.compute.cloud_file import CloudFile, LiveFile, Login
from tradepost.market.compute.contract import CloudError, Fault

NO_HOST = ("no valid host", "no suitable host", "insufficient", "not enough")
NO_ADDRESSES = ("no more ip addresses", "no fixed ip addresses", "zero fixed ips")
NO_QUOTA = ("quota", "limit exceeded", "maximum number of")


def fault_of(message: str, status: int = 0) -> Fault:
    """Classify an error by its message, since Nova answers 403 both for a quota and for a missing permission."""
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
        self._cached: tuple[object, Any] | None = None

    @property
    def compute(self) -> Any:
        """Return the compute proxy; rebuilt after the cloud file changes. Raises ``CloudError`` without credentials."""
        file, setup = self._file.now, self._file.setup
        login = file.credentials
        connection_key = (file.endpoint, file.region, file.project, login, setup.access_key, setup.secret_key)
        with self._lock:
            if self._cached is None or self._cached[0] != connection_key:
                self._cached = (connection_key, self._connect(file, login))
            return self._cached[1].compute

    def _connect(self, file: CloudFile, login: Login) -> Any:
        import requests
        from keystoneauth1.session import Session
        from openstack.config import cloud_region
        from openstack.connection import Connection

        if not file.endpoint:
            raise CloudError(
                "endpoint: set the address of Keystone in the cloud file", final=True, fault=Fault.SETTINGS
            )
        plain_session = requests.Session()
        guard(plain_session, self._file.setup.outbound)
        session = Session(
            auth=self._auth(file, login), session=plain_session, verify=plain_session.verify, timeout=CONNECT_SECONDS + READ_SECONDS,
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
def cloud_errors() -> Iterator[None]:
    """Turn exceptions of the SDK into ``CloudError``."""
    from keystoneauth1.exceptions import ClientException
    from keystoneauth1.exceptions import HttpError as SessionHttpError
    from openstack.exceptions import HttpException, SDKException

    try:
        yield
    except HttpException as error:
        raise _error(str(error.details or error), error.status_code or 0) from error
    except SessionHttpError as error:
        raise _error(str(error), error.http_status or 0) from error
    except (ClientException, SDKException, OSError) as error:
        raise CloudError(str(error), fault=Fault.UNREACHABLE) from error


def _error(message: str, status: int) -> CloudError:
    return CloudError(f"{status}: {message}", fault=fault_of(message, status))
