"""Deployed objects of an asset: which versions of a software package are there (openapi-jointkit §C.11).

The market keeps packages in one place, so that a region narrows nothing; images of servers have no such objects here yet.
"""

from __future__ import annotations

from tradepost.market.assets.asset_models import AssetVersion
from tradepost.market.assets.deployed import deployed_packages
from tradepost.protocols.http import Response
from tradepost.protocols.open_api.assets import (
    ERRORS,
    DeployedObject,
    DeployedType,
    PackageObject,
    found,
    load_query,
)
from tradepost.protocols.open_api.bodies import ApiRefused as NotTaken
from tradepost.protocols.open_api.errors import error_envelope, gateway_error

from . import seller_described as seller
from .answers import ApiRefused, ApiRequest, Errors, open_api
from .authentication import by_access_key

OF_ASSETS = Errors(
    table=ERRORS,
    envelope=error_envelope,
    not_authenticated=gateway_error("APIGW.0301"),
    too_often=gateway_error("APIGW.0308"),
    internal=ERRORS["CBC.0999"],
)


@open_api("GET", authentication=by_access_key, errors=OF_ASSETS, described=seller.DEPLOYED)
def deployed_objects(request: ApiRequest) -> Response:
    """The caller's own assets; what is another's, or nobody's, is empty."""
    try:
        asked = load_query(request.request)
    except NotTaken as refused:
        raise ApiRefused(refused.error.code, refused.detail) from None
    if asked.deployed_type is not DeployedType.SOFTWARE_PACKAGE:
        return found(())
    versions = deployed_packages(
        request.caller.seller_id, asked.asset_id, label=asked.asset_version, all_versions=asked.query_all
    )
    return found(_object(version) for version in versions)


def _object(version: AssetVersion) -> DeployedObject:
    return DeployedObject(
        asset_id=str(version.asset_id),
        deployed_type=DeployedType.SOFTWARE_PACKAGE,
        version=version.label,
        version_id=str(version.pk),
        package=PackageObject(package_name=version.file_name, checksum=version.sha256),
    )
