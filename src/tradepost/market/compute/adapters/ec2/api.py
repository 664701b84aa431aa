"""Calls to EC2: one client, through the outbound policy, with errors as ``CloudError``."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Any

from tradepost.market.compute.cloud_file import LiveFile
from tradepost.market.compute.contract import CloudError, Fault
from tradepost.market.compute.guarded_pools import CONNECT_SECONDS, READ_SECONDS, pools

type Instance = Mapping[str, Any]

CREDENTIALS = frozenset({
    "AuthFailure", "UnauthorizedOperation", "InvalidClientTokenId", "SignatureDoesNotMatch", "OptInRequired", "AccessDenied",
    "ExpiredToken", "RequestExpired", "PendingVerification", "Blocked", "MissingAuthenticationToken",
})  # fmt: skip
ADDRESSES = frozenset({"InsufficientFreeAddressesInSubnet", "InsufficientCidrBlocks"})
CAPACITY = ("Insufficient", "Server.Insufficient")
QUOTA = ("LimitExceeded", "QuotaExceeded")
TRANSIENT = (
    "InvalidInstanceID", "InvalidVolume", "InvalidAttachment", "InvalidNetworkInterface", "InvalidState",
)  # fmt: skip
"""EC2 lists new servers and disks seconds after it made them."""
SETTINGS = ("Invalid", "Unsupported", "MissingParameter", "Client.Invalid")
THROTTLED = frozenset({"RequestLimitExceeded", "Throttling"})


def fault_of(code: str) -> Fault:
    if code in CREDENTIALS:
        return Fault.CREDENTIALS
    if code in THROTTLED or code.startswith(TRANSIENT):
        return Fault.OTHER
    if code.removeprefix("Server.").removeprefix("Client.") in ADDRESSES:
        return Fault.ADDRESSES
    if code.startswith(CAPACITY):
        return Fault.CAPACITY
    if code.endswith(QUOTA) or "LimitExceeded" in code:
        return Fault.QUOTA
    return Fault.SETTINGS if code.startswith(SETTINGS) else Fault.OTHER


class Api:
    def __init__(self, file: LiveFile) -> None:
        self._file = file
        self._lock = threading.Lock()
        self._client: tuple[object, Any] | None = None

    def client(self) -> Any:
        """A client is safe to share between threads. A new one after the region or the keys changed."""
        file, keys = self._file.now, self._file.keys
        place = (file.region, file.endpoint, keys)
        with self._lock:
            if self._client is None or self._client[0] != place:
                self._client = (place, self._made(file.region, file.endpoint, *keys))
            return self._client[1]

    def _made(self, region: str, endpoint: str, access: str, secret: str) -> Any:
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
        """Raises ``CloudError``."""
        from botocore.exceptions import BotoCoreError, ClientError
        from botocore.parsers import ResponseParserError
        from urllib3.exceptions import HTTPError

        try:
            answer: dict[str, Any] = getattr(self.client(), operation)(**options)
        except ClientError as refused:
            details = refused.response.get("Error", {})
            raise self.error(str(details.get("Code", "")), str(details.get("Message", refused))) from refused
        except (BotoCoreError, ResponseParserError, HTTPError, OSError) as away:
            raise CloudError(f"{operation}: {away}", fault=Fault.UNREACHABLE) from away
        return answer

    def error(self, code: str, message: str, *, final: bool = False) -> CloudError:
        return CloudError(f"{code}: {message}" if code else message, final=final, fault=fault_of(code))

    def instances(self, filters: Sequence[Mapping[str, Any]]) -> list[Instance]:
        found: list[Instance] = []
        options: dict[str, Any] = {"Filters": list(filters)}
        while True:
            page = self.ask("describe_instances", **options)
            found += [one for reservation in page["Reservations"] for one in reservation["Instances"]]
            if not (following := page.get("NextToken")):
                return found
            options["NextToken"] = following

    def impaired(self, server_ids: Sequence[str]) -> frozenset[str]:
        """Running servers that a check of EC2 found at fault."""
        found = self.ask("describe_instance_status", InstanceIds=list(server_ids))["InstanceStatuses"]
        return frozenset(
            one["InstanceId"]
            for one in found
            if "impaired" in {one.get("InstanceStatus", {}).get("Status"), one.get("SystemStatus", {}).get("Status")}
        )

    def instance_types(self, names: Sequence[str]) -> frozenset[str]:
        """Those of them that the region has."""
        found: set[str] = set()
        options: dict[str, Any] = {"Filters": [{"Name": "instance-type", "Values": list(names)}]}
        while True:
            page = self.ask("describe_instance_types", **options)
            found |= {one["InstanceType"] for one in page["InstanceTypes"]}
            if not (following := page.get("NextToken")):
                return frozenset(found)
            options["NextToken"] = following

    def image(self, image: str) -> Mapping[str, Any]:
        found = self.ask("describe_images", ImageIds=[image])["Images"]
        if not found:
            raise CloudError(f"image {image} does not exist", final=True, fault=Fault.SETTINGS)
        return {"RootDeviceName": "/dev/sda1", **found[0]}


class _Sender:
    """Sends in place of boto3's own session: by the public hook, which takes an answer instead of a request."""

    def __init__(self, file: LiveFile) -> None:
        self._pools = pools(file.setup.outbound, maxsize=10)

    def send(self, request: Any, **_rest: Any) -> Any:
        from botocore.awsrequest import AWSResponse
        from urllib3.util import Timeout

        answer = self._pools.request(
            request.method, request.url, body=request.body, headers=dict(request.headers.items()), retries=False,
            redirect=False, preload_content=False, decode_content=True, timeout=Timeout(CONNECT_SECONDS, READ_SECONDS),
        )  # fmt: skip
        made = AWSResponse(request.url, answer.status, answer.headers, answer)
        made.content  # noqa: B018  # read here, so that the connection goes back to its pool
        return made


def tag_of(resource: Mapping[str, Any], key: str) -> str:
    return next((str(tag["Value"]) for tag in resource.get("Tags", ()) if tag["Key"] == key), "")


def tags_of(values: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in values.items() if value]
