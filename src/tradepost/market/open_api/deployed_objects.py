"""Deployed objects of an asset: the available versions of a software package (openapi-jointkit §C.11).

The market stores packages in one place, so the region has no effect. Server images have no deployed objects yet.
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
    deployed_response,
    load_query,
)
from tradepost.protocols.open_api.bodies import ApiRefused as NotTaken
from tradepost.protocols.open_api.errors import error_envelope, gateway_error

from . import seller_descriptions as seller
from .answers import ApiErrors, ApiRefused, ApiRequest, open_api
from .authentication import by_access_key

ASSET_ERRORS = ApiErrors(
    table=ERRORS,
    envelope=error_envelope,
    not_authenticated=gateway_error("APIGW.0301"),
    too_often=gateway_error("APIGW.0308"),
    internal=ERRORS["CBC.0999"],
)


@open_api("GET", authentication=by_access_key, errors=ASSET_ERRORS, described=seller.DEPLOYED)
def deployed_objects(request: ApiRequest) -> Response:
    """Return versions of the caller's assets; empty for unknown assets or those of other sellers."""
    try:
        query = load_query(request.request)
    except NotTaken as refusal:
        raise ApiRefused(refusal.error.code, refusal.detail) from None
    if query.deployed_type is not DeployedType.SOFTWARE_PACKAGE:
        return deployed_response(())
    versions = deployed_packages(
        request.caller.seller_id, query.asset_id, label=query.asset_version, all_versions=query.query_all
    )
    return deployed_response(_object(version) for version in versions)


def _object(version: AssetVersion) -> DeployedObject:
    return DeployedObject(
        asset_id=str(version.asset_id),
        deployed_type=DeployedType.SOFTWARE_PACKAGE,
        version=version.label,
        version_id=str(version.pk),
        package=PackageObject(package_name=version.file_name, checksum=version.sha256),
    )
