"""Descriptions of the APIs for sellers in the OpenAPI document (openapi-jointkit §C.4–§C.11)."""

from __future__ import annotations

from tradepost.protocols.open_api import (
    app_keys,
    assets,
    license_calls,
    order_query,
    software_usage,
    upload,
    usage_push,
    usage_push_old,
)

from .descriptions import (
    Description,
    OtherResponse,
    Parameter,
    Schema,
    SeveralMethods,
    field_schema,
    table_schema,
    texts_schema,
)

TAG = "Seller"
_CODES = texts_schema(most=license_calls.MAX_LICENSES, length=license_calls.LICENSE_LENGTH)
_ID: Schema = {"type": "string", "minLength": 1, "maxLength": 64}
_LICENSE: Schema = {
    "type": "object",
    "properties": {
        "license_code": {"type": "string"},
        "status": {"type": "string", "enum": list(license_calls.LicenseStatus)},
        "activate_time": {"type": "string"},
        "expire_time": {"type": "string"},
        "product_id": {"type": "string"},
        "order_id": {"type": "string"},
        "amount": {"type": "integer"},
    },
    "required": ["license_code", "status"],
}
_APP_KEY: Schema = {
    "type": "object",
    "properties": {
        "verdict": {"type": "string", "enum": ["VALID", "UNKNOWN", "REVOKED", "FROZEN", "ENDED"]},
        "instance_id": {"type": "string"},
        "product_id": {"type": "string"},
        "sku_code": {"type": "string"},
        "order_id": {"type": "string"},
        "api_group": {"type": "string"},
        "expire_time": {"type": "string"},
        "cache_seconds": {"type": "integer"},
    },
    "required": ["verdict", "cache_seconds"],
}
_ABNORMAL: Schema = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": {
            "metering_sn": {"type": "string"},
            "instance_id": {"type": "string"},
            "error_code": {"type": "string"},
            "error_msg": {"type": "string", "maxLength": 255},
        },
        "required": ["metering_sn", "instance_id", "error_code", "error_msg"],
    },
}
_TUS = Parameter(name="Tus-Resumable", place="header", required=True, schema={"type": "string", "const": "1.0.0"})
_TEXT = "text/plain"

ORDER_QUERY = Description(
    operation="QueryOrder",
    tag=TAG,
    summary="Query an order",
    words="An order with the caller's own lines. MOCK… orders are always there.",
    parameters=(
        Parameter(name="orderId", place="query", required=True, schema=_ID),
        Parameter(name="orderLineId", place="query", schema={"type": "string", "maxLength": 64}),
    ),
    success={"type": "object", "properties": {"orderInfo": {"type": "object"}}, "required": ["orderInfo"]},
    codes=(order_query.SUCCESS,),
    others={
        304: OtherResponse(words="The caller has this answer already (If-None-Match).", media=""),
        412: OtherResponse(words="The order is not the one that If-Match names."),
    },
)
DEPLOYED = Description(
    operation="ListDeployedObjects",
    tag=TAG,
    summary="List deployed objects of an asset",
    parameters=(
        Parameter(name="asset_id", place="query", required=True),
        Parameter(
            name="deployed_type",
            place="query",
            required=True,
            schema={"type": "string", "enum": list(assets.DeployedType)},
        ),
        Parameter(name="region", place="query"),
        Parameter(name="asset_version", place="query"),
        Parameter(name="query_all", place="query", schema={"type": "boolean"}),
    ),
    success=table_schema(assets.ANSWER),
    codes=("CBC.0000",),
)
VERIFY_APP_KEY = Description(
    operation="VerifyAppKey",
    tag=TAG,
    summary="Check an app key",
    words="Whether a call with this key of a buyer may pass, and for which instance its usage is counted.",
    body=table_schema(app_keys.BODY),
    success={"type": "object", "properties": {"data": _APP_KEY}, "required": ["data"]},
    codes=(app_keys.SUCCESS,),
)
ACTIVATE_ONE = Description(
    operation="ActivateLicense",
    tag=TAG,
    summary="Activate an authorization code",
    body=table_schema(license_calls.ACTIVATE_V1_BODY),
    success={
        "type": "object",
        "properties": {
            "data": {
                "type": "object",
                "properties": {"license_code_info": {"type": "string"}},
                "required": ["license_code_info"],
            }
        },
    },
    codes=(license_calls.SUCCESS,),
)
ACTIVATE_MANY = Description(
    operation="ActivateLicenses",
    tag=TAG,
    summary="Activate authorization codes",
    body=table_schema(license_calls.ACTIVATE_V1_BODY[1:], license_list=_CODES),
    codes=(license_calls.SUCCESS,),
)
QUERY_ONE = Description(
    operation="QueryLicense",
    tag=TAG,
    summary="Query an authorization code",
    body=table_schema(license_calls.QUERY_V1_BODY),
    success={"type": "object", "properties": {"data": _LICENSE}},
    codes=(license_calls.SUCCESS,),
)
QUERY_MANY = Description(
    operation="QueryLicenses",
    tag=TAG,
    summary="Query authorization codes",
    body=table_schema((), license_list=_CODES),
    success={"type": "object", "properties": {"data": {"type": "array", "items": _LICENSE}}},
    codes=(license_calls.SUCCESS,),
)
SOFTWARE_USAGE = Description(
    operation="ReportSoftwareUsage",
    tag=TAG,
    summary="Report the daily usage of software",
    body=table_schema(software_usage.BODY),
    success={
        "type": "object",
        "properties": {
            "data": {
                "type": "object",
                "properties": {software_usage.FAILED: {"type": "array", "items": {"type": "string"}}},
            }
        },
    },
    codes=(license_calls.SUCCESS,),
)
USAGE = Description(
    operation="PushUsageData",
    tag=TAG,
    summary="Push usage",
    words="Signed with the key of the base interfaces in the headers signature, ts and nonce; AK/SK may be added.",
    parameters=(
        Parameter(name="signature", place="header", required=True, schema={"type": "string", "maxLength": 1000}),
        Parameter(name="ts", place="header", required=True, schema={"type": "string", "maxLength": 20}),
        Parameter(name="nonce", place="header", required=True, schema={"type": "string", "maxLength": 64}),
    ),
    body=table_schema(usage_push.BODY),
    success={"type": "object", "properties": {"abnormal_usage_data": _ABNORMAL}},
    codes=(usage_push.SUCCESS, usage_push.SOME_RECORDS_FAILED),
)
USAGE_OLD = Description(
    operation="PushUsageDataOld",
    tag=TAG,
    summary="Push usage, older edition",
    body=table_schema(usage_push_old.BODY),
    codes=(usage_push_old.SUCCESS,),
)
USAGE_2018 = Description(
    operation="PushUsageData2018",
    tag=TAG,
    summary="Push usage, edition of 2018",
    body=table_schema(usage_push_old.BODY_2018),
    codes=(usage_push_old.SUCCESS,),
)
LICENSE_UPLOAD = Description(
    operation="UploadForEvent",
    tag=TAG,
    summary="Upload a text or a file for a market event",
    body={
        "type": "object",
        "properties": {
            upload.FORM: {"type": "object", "properties": {row.name: field_schema(row) for row in upload.REQUEST}},
            upload.FILE: {"type": "string", "contentMediaType": "application/octet-stream"},
        },
        "required": [upload.FORM],
    },
    media="multipart/form-data",
    codes=(upload.SUCCESS,),
)
UPLOAD_BEGIN = Description(
    operation="BeginUploadForEvent",
    tag=TAG,
    summary="Begin a resumable upload for a market event (tus 1.0.0)",
    words="This market's own. Location in the answer is the address of the upload.",
    parameters=(
        _TUS,
        Parameter(name="Upload-Length", place="header", required=True, schema={"type": "integer", "minimum": 0}),
        Parameter(
            name="Upload-Metadata", place="header", required=True, words="filename and sha256 of the file, in Base64."
        ),
    ),
    others={
        201: OtherResponse(words="The upload has begun.", media=""),
        412: OtherResponse(words="The market does not speak this version of tus.", media=_TEXT),
    },
)
_PIECES = {
    404: OtherResponse(words="There is no such upload.", media=_TEXT),
    409: OtherResponse(
        words="The file is complete, or the piece does not begin where the upload stopped.", media=_TEXT
    ),
    410: OtherResponse(words="The upload was given up or has expired.", media=_TEXT),
    412: OtherResponse(words="The market does not speak this version of tus.", media=_TEXT),
    423: OtherResponse(words="Another request delivers this upload.", media=_TEXT),
}
UPLOAD_PIECE = SeveralMethods(
    {
        "PATCH": Description(
            operation="ContinueUpload",
            tag=TAG,
            summary="Send a piece of a resumable upload",
            words="The address is the permission: it is not signed.",
            parameters=(
                _TUS,
                Parameter(
                    name="Upload-Offset", place="header", required=True, schema={"type": "integer", "minimum": 0}
                ),
            ),
            body={"type": "string", "contentMediaType": "application/octet-stream"},
            media="application/offset+octet-stream",
            others={
                **_PIECES,
                204: OtherResponse(words="The piece is stored; the last one delivers the file.", media=""),
                415: OtherResponse(words="A piece has another media type.", media=_TEXT),
            },
        ),
        "HEAD": Description(
            operation="ShowUpload",
            tag=TAG,
            summary="Ask how much of a resumable upload was stored",
            parameters=(_TUS,),
            others={
                **{status: OtherResponse(words=response.words, media="") for status, response in _PIECES.items()},
                200: OtherResponse(words="Upload-Offset tells how much.", media=""),
            },
        ),
        "DELETE": Description(
            operation="GiveUpUpload",
            tag=TAG,
            summary="Give up a resumable upload",
            parameters=(_TUS,),
            others={**_PIECES, 204: OtherResponse(words="The upload is given up.", media="")},
        ),
        "OPTIONS": Description(
            operation="ShowUploadAbilities",
            tag=TAG,
            summary="Ask which version and extensions of tus the market speaks",
            others={204: OtherResponse(words="Tus-Version, Tus-Extension and Tus-Max-Size.", media="")},
        ),
    }
)
