"""Deployed objects of an asset: where a seller's published images and packages are available (openapi-jointkit
§C.11)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlencode

from tradepost.protocols.http import Request, Response
from tradepost.protocols.wire_fields import Field, Kind

from .bodies import ApiRefused, BadBody, Members, check_members, objects, success, text, without_empty
from .errors import ApiError

PATH = "/api/mkp-openapi-public/v1/asset/deployed-object"
"""Without ``/global``, unlike all other paths."""
SUCCESS = "CBC.0000"
"""The code of a success is not published, and the known client reads only the HTTP status."""

INVALID = ApiError(400, "CBC.0101", "Invalid parameter")
ERRORS: Mapping[str, ApiError] = {
    error.code: error
    for error in (INVALID, ApiError(403, "CBC.0150", "Illegal operation"), ApiError(500, "CBC.0999", "internal error"))
}
"""No error table is published; these rows come from the upload API."""


class DeployedType(StrEnum):
    SOFTWARE_PACKAGE = "software_package"
    IMAGE = "image"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployedQuery:
    asset_id: str
    deployed_type: DeployedType
    region: str = ""
    asset_version: str = ""
    query_all: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageObject:
    image_id: str
    image_name: str = ""
    os_type: str = ""
    create_time: str = ""
    architecture: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageObject:
    package_name: str
    internal_path: str = ""
    checksum: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployedObject:
    """A version of an asset in one region, with its ``image`` or its ``package``."""

    asset_id: str
    deployed_type: str
    version: str = ""
    version_id: str = ""
    region: str = ""
    image: ImageObject | None = None
    package: PackageObject | None = None

    def dump(self) -> dict[str, object]:
        image, package = self.image, self.package
        return without_empty(
            asset_id=self.asset_id,
            deployed_type=str(self.deployed_type),
            version=self.version,
            version_id=self.version_id,
            region=self.region,
            image_deployed_object=image
            and without_empty(
                image_id=image.image_id,
                image_name=image.image_name,
                os_type=image.os_type,
                create_time=image.create_time,
                architecture=image.architecture,
            ),
            software_pkg_deployed_object=package
            and without_empty(
                package_name=package.package_name,
                internal_path=package.internal_path,
                checksum=package.checksum,
            ),
        )

    @classmethod
    def load(cls, members: Members) -> DeployedObject:
        """Return the object of validated members; unknown members are ignored."""
        image, package = members.get("image_deployed_object"), members.get("software_pkg_deployed_object")
        return cls(
            asset_id=text(members, "asset_id"),
            deployed_type=text(members, "deployed_type"),
            version=text(members, "version"),
            version_id=text(members, "version_id"),
            region=text(members, "region"),
            image=_load_image(image) if isinstance(image, Mapping) else None,
            package=_load_package(package) if isinstance(package, Mapping) else None,
        )


_OBJECT = (
    Field("asset_id"),
    Field("deployed_type"),
    Field("image_deployed_object", mandatory=False, kind=Kind.OBJECT, members=(Field("image_id"),)),
    Field("software_pkg_deployed_object", mandatory=False, kind=Kind.OBJECT, members=(Field("package_name"),)),
)
ANSWER = (Field("data", kind=Kind.LIST, members=_OBJECT),)


def query_request(query: DeployedQuery, *, market: str) -> Request:
    """Return the call, to be signed with AK/SK."""
    parameters = without_empty(
        asset_id=query.asset_id,
        deployed_type=query.deployed_type.value,
        region=query.region,
        asset_version=query.asset_version,
        query_all="true" if query.query_all else "",
    )
    headers = (("Content-Type", "application/json"),)
    return Request("GET", f"{market.rstrip('/')}{PATH}?{urlencode(parameters)}", headers)


def load_answer(members: Members) -> tuple[DeployedObject, ...]:
    """Return the objects of a successful answer. Raises ``BadBody``."""
    check_members(ANSWER, members)
    return tuple(DeployedObject.load(item) for item in objects(members, "data"))


def load_query(request: Request) -> DeployedQuery:
    """Return the query of a verified call. Raises ``ApiRefused`` with a row of the table."""
    try:
        return _load_query(request.query)
    except ValueError as error:
        detail = str(error) if isinstance(error, BadBody) else "the URL cannot be read"
        raise ApiRefused(INVALID, detail) from None


def deployed_response(deployed: Iterable[DeployedObject]) -> Response:
    """Return the answer."""
    return success(SUCCESS, "Success", {"data": [item.dump() for item in deployed]})


def _load_query(parameters: Mapping[str, str]) -> DeployedQuery:
    asset_id, kind = parameters.get("asset_id", "").strip(), parameters.get("deployed_type", "")
    if not asset_id:
        raise BadBody("asset_id is missing")
    if kind not in list(DeployedType):
        raise BadBody(f"deployed_type must be one of {', '.join(DeployedType)}")
    return DeployedQuery(
        asset_id=asset_id,
        deployed_type=DeployedType(kind),
        region=parameters.get("region", ""),
        asset_version=parameters.get("asset_version", ""),
        query_all=parameters.get("query_all", "").lower() == "true",
    )


def _load_image(members: Members) -> ImageObject:
    return ImageObject(
        image_id=text(members, "image_id"),
        image_name=text(members, "image_name"),
        os_type=text(members, "os_type"),
        create_time=text(members, "create_time"),
        architecture=text(members, "architecture"),
    )


def _load_package(members: Members) -> PackageObject:
    return PackageObject(
        package_name=text(members, "package_name"),
        internal_path=text(members, "internal_path"),
        checksum=text(members, "checksum"),
    )
