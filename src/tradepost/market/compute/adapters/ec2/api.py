"""Client for the EC2 API that follows the outbound policy and raises ``CloudError``."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Any

from tradepost.market.base.guarded_pools import CONNECT_SECONDS, READ_SECONDS, pools
from tradepost.market.compute.cloud_file import LiveFile
from tradepost.market.compute.contract import CloudError, Fault

type Instance = Mapping[str, Any]

CREDENTIAL_ERRORS = frozenset({
    "AuthFailure", "UnauthorizedOperation", "InvalidClientTokenId", "SignatureDoesNotMatch", "OptInRequired", "AccessDenied",
    "ExpiredToken", "RequestExpired", "PendingVerification", "Blocked", "MissingAuthenticationToken",
})  # fmt: skip
ADDRESS_ERRORS = frozenset({"InsufficientFreeAddressesInSubnet", "InsufficientCidrBlocks"})
CAPACITY_ERRORS = ("Insufficient", "Server.Insufficient")
QUOTA_ERRORS = ("LimitExceeded", "QuotaExceeded")
TRANSIENT_ERRORS = (
    "InvalidInstanceID", "InvalidVolume", "InvalidAttachment", "InvalidNetworkInterface", "InvalidState",
)  # fmt: skip
"""Not final: EC2 lists new servers and disks only seconds after it created them."""
SETTING_ERRORS = ("Invalid", "Unsupported", "MissingParameter", "Client.Invalid")
THROTTLED = frozenset({"RequestLimitExceeded", "Throttling"})


def fault_of(code: str) -> Fault:
    if code in CREDENTIAL_ERRORS:
        return Fault.CREDENTIALS
    if code in THROTTLED or code.startswith(TRANSIENT_ERRORS):
        return Fault.OTHER
    if code.removeprefix("Server.").removeprefix("Client.") in ADDRESS_ERRORS:
        return Fault.ADDRESSES
    if code.startswith(CAPACITY_ERRORS):
        return Fault.CAPACITY
    if code.endswith(QUOTA_ERRORS) or "LimitExceeded" in code:
        return Fault.QUOTA
    return Fault.SETTINGS if code.startswith(SETTING_ERRORS) else Fault.OTHER


class Api:
    def __init__(self, file: LiveFile) -> None:
        self._file = file
        self._lock = threading.Lock()
        self._client: tuple[object, Any] | None = None

    def client(self) -> Any:
        """Return the client, which threads may share. A new one is built when the region or the keys change."""
        file, keys = self._file.now, self._file.keys
        client_key = (file.region, file.endpoint, keys)
        with self._lock:
            if self._client is None or self._client[0] != client_key:
                self._client = (client_key, self._build_client(file.region, file.endpoint, *keys))
            return self._client[1]

    def _build_client(self, region: str, endpoint: str, access: str, secret: str) -> Any:
        import boto3
        import botocore.config

        bounds = botocore.config.Config(
            connect_timeout=CONNECT_SECONDS, read_timeout=READ_SECONDS, retries={"total_max_attempts": 1}, proxies={}
        )  # fmt: skip
        client = boto3.session.Session(
            aws_access_key_id=access, aws_secret_access_key=secret, region_name=region
        ).client("ec2", endpoint_url=endpoint or None, config=bounds)
        sender = _Sender(self._file)
        client.meta.events.register("before-send.ec2", sender.send)
        return client

    def ask(self, operation: str, **options: Any) -> dict[str, Any]:
        """Call an EC2 operation. Raises ``CloudError``."""
        from botocore.exceptions import BotoCoreError, ClientError
        from botocore.parsers import ResponseParserError
        from urllib3.exceptions import HTTPError

        try:
            response: dict[str, Any] = getattr(self.client(), operation)(**options)
        except ClientError as error:
            details = error.response.get("Error", {})
            raise self.error(str(details.get("Code", "")), str(details.get("Message", error))) from error
        except (BotoCoreError, ResponseParserError, HTTPError, OSError) as error:
            raise CloudError(f"{operation}: {error}", fault=Fault.UNREACHABLE) from error
        return response

    def error(self, code: str, message: str, *, final: bool = False) -> CloudError:
        return CloudError(f"{code}: {message}" if code else message, final=final, fault=fault_of(code))

    def instances(self, filters: Sequence[Mapping[str, Any]]) -> list[Instance]:
        instances: list[Instance] = []
        options: dict[str, Any] = {"Filters": list(filters)}
        while True:
            page = self.ask("describe_instances", **options)
            instances += [instance for reservation in page["Reservations"] for instance in reservation["Instances"]]
            if not (next_token := page.get("NextToken")):
                return instances
            options["NextToken"] = next_token

    def impaired(self, server_ids: Sequence[str]) -> frozenset[str]:
        """Return the running servers that fail an EC2 status check."""
        statuses = self.ask("describe_instance_status", InstanceIds=list(server_ids))["InstanceStatuses"]
        return frozenset(
            status["InstanceId"]
            for status in statuses
            if "impaired"
            in {status.get("InstanceStatus", {}).get("Status"), status.get("SystemStatus", {}).get("Status")}
        )

    def instance_types(self, names: Sequence[str]) -> frozenset[str]:
        """Return the names that exist in the region."""
        known_types: set[str] = set()
        options: dict[str, Any] = {"Filters": [{"Name": "instance-type", "Values": list(names)}]}
        while True:
            page = self.ask("describe_instance_types", **options)
            known_types |= {instance_type["InstanceType"] for instance_type in page["InstanceTypes"]}
            if not (next_token := page.get("NextToken")):
                return frozenset(known_types)
            options["NextToken"] = next_token

    def image(self, image: str) -> Mapping[str, Any]:
        images = self.ask("describe_images", ImageIds=[image])["Images"]
        if not images:
            raise CloudError(f"image {image} does not exist", final=True, fault=Fault.SETTINGS)
        return {"RootDeviceName": "/dev/sda1", **images[0]}


class _Sender:
    """Sends requests instead of boto3's own session. Uses boto3's public hook, which accepts a response for a
    request."""

    def __init__(self, file: LiveFile) -> None:
        self._pools = pools(file.setup.outbound, maxsize=10)

    def send(self, request: Any, **_rest: Any) -> Any:
        from botocore.awsrequest import AWSResponse
        from urllib3.util import Timeout

        response = self._pools.request(
            request.method, request.url, body=request.body, headers=dict(request.headers.items()), retries=False,
            redirect=False, preload_content=False, decode_content=True, timeout=Timeout(CONNECT_SECONDS, READ_SECONDS),
        )  # fmt: skip
        result = AWSResponse(request.url, response.status, response.headers, response)
        result.content  # noqa: B018  # read here, so that the connection returns to its pool
        return result


def tag_of(resource: Mapping[str, Any], key: str) -> str:
    return next((str(tag["Value"]) for tag in resource.get("Tags", ()) if tag["Key"] == key), "")


def tags_of(values: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in values.items() if value]
