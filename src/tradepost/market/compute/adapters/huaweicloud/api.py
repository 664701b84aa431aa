"""Client for Huawei Cloud ECS that follows the outbound policy and raises ``CloudError``."""

from __future__ import annotations

import threading
from typing import Any

from tradepost.market.base.guarded_pools import CONNECT_SECONDS, READ_SECONDS
from tradepost.market.compute.cloud_file import CloudFile, LiveFile
from tradepost.market.compute.contract import CloudError, Fault

from .sdk_internals import guard_client

QUOTA_CODES = frozenset({"Ecs.0013", "Ecs.0014", "Ecs.0042", "Ecs.0109", "Ecs.0304", "Ecs.0319", "Ecs.0507"})
CAPACITY_CODES = frozenset({"Ecs.0017", "Ecs.0021", "Ecs.0610", "Ecs.1500", "Common.0013"})
ADDRESS_CODES = frozenset({"Ecs.0012"})
NO_ADDRESSES = ("enough ip addresses", "no more ip addresses")
CREDENTIAL_CODES = frozenset({"APIGW.0301", "APIGW.0302", "Ecs.0003", "Common.0011"})


def fault_of(code: str, message: str, status: int = 0) -> Fault:
    """Classify an error by its code and message, since codes differ between regions and kinds of disks."""
    words = message.lower()
    if code in QUOTA_CODES or "quota" in words or "配额" in message:
        return Fault.QUOTA
    if code in ADDRESS_CODES or any(part in words for part in NO_ADDRESSES):
        return Fault.ADDRESSES
    if code in CREDENTIAL_CODES or status in {401, 403}:
        return Fault.CREDENTIALS
    if (
        code in CAPACITY_CODES
        or any(part in words for part in ("sold out", "insufficient", "not enough"))
        or "售罄" in message
    ):
        return Fault.CAPACITY
    return Fault.SETTINGS if status in {400, 404} else Fault.OTHER


class Api:
    def __init__(self, file: LiveFile) -> None:
        self._file = file
        self._lock = threading.Lock()
        self._cached: tuple[object, Any] | None = None

    @property
    def _client(self) -> Any:
        file, keys = self._file.now, self._file.keys
        client_key = (file.region, file.endpoint, file.project, keys)
        with self._lock:
            if self._cached is None or self._cached[0] != client_key:
                self._cached = (client_key, self._build_client(file, *keys))
            return self._cached[1]

    def _build_client(self, file: CloudFile, access: str, secret: str) -> Any:
        from huaweicloudsdkcore.auth.credentials import BasicCredentials
        from huaweicloudsdkcore.http.http_config import HttpConfig
        from huaweicloudsdkecs.v2 import EcsClient

        if not file.project:
            raise CloudError(
                "project: set the project id of the region in the cloud file", final=True, fault=Fault.SETTINGS
            )
        endpoint = file.endpoint or f"https://ecs.{file.region}.myhuaweicloud.com"
        bounds = HttpConfig(timeout=(CONNECT_SECONDS, READ_SECONDS), retry_times=0)
        builder = EcsClient.new_builder().with_credentials(BasicCredentials(access, secret, file.project))
        client = builder.with_endpoint(endpoint).with_http_config(bounds).build()
        guard_client(client, self._file.setup.outbound)
        return client

    def ask(self, operation: str, request: Any) -> Any:
        """Call an ECS operation. Raises ``CloudError``."""
        from huaweicloudsdkcore.exceptions.exceptions import SdkException, ServiceResponseException
        from requests import RequestException

        client = self._client
        try:
            return getattr(client, operation)(request)
        except ServiceResponseException as failure:
            raise error(
                str(failure.error_code or ""),
                str(failure.error_msg or ""),
                failure.status_code or 0,
            ) from failure
        except (SdkException, RequestException, OSError) as failure:
            raise CloudError(f"{operation}: {failure}", fault=Fault.UNREACHABLE) from failure

    def job(self, job_id: str) -> str:
        """Return the state of a job. Raises ``JobFailed`` if it failed, ``CloudError`` if the call fails."""
        from huaweicloudsdkecs.v2 import ShowJobRequest

        job = self.ask("show_job", ShowJobRequest(job_id=job_id))
        if job.status == "FAIL":
            subs = (job.entities.sub_jobs or []) if job.entities else []
            first_failure = next((sub for sub in subs if sub.status == "FAIL"), job)
            raise JobFailed(
                error(str(first_failure.error_code or ""), str(first_failure.fail_reason or "the job failed"), 0)
            )
        return str(job.status)


class JobFailed(Exception):
    """A job of the cloud failed. ``refusal``: the reason."""

    def __init__(self, refusal: CloudError) -> None:
        super().__init__(str(refusal))
        self.refusal = refusal


def error(code: str, message: str, status: int, *, final: bool = False) -> CloudError:
    fault = fault_of(code, message, status)
    return CloudError(f"{code}: {message}" if code else message, final=final, fault=fault)
