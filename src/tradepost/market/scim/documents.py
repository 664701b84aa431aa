"""The service's SCIM documents: capabilities and stored attributes (RFC 7643 §5 to §7)."""

from __future__ import annotations

from http import HTTPStatus

from django.http import HttpResponse

from .calls import DirectoryCall, by_method, json_response, list_response
from .errors import ScimError
from .list_parameters import MAX_COUNT
from .person_data import CORE_SCHEMA, ENTERPRISE
from .projection import GROUP

_CORE_SCHEMA_PREFIX = "urn:ietf:params:scim:schemas:core:2.0:"

type Document = dict[str, object]


def _provider(call: DirectoryCall) -> HttpResponse:
    bearer = {
        "type": "oauthbearertoken", "name": "Token of the directory", "primary": True,
        "description": "An administrator of the enterprise makes it among the settings of the enterprise.",
    }  # fmt: skip
    return json_response({
        "schemas": [f"{_CORE_SCHEMA_PREFIX}ServiceProviderConfig"],
        "patch": {"supported": True},
        "bulk": {"supported": False, "maxOperations": 0, "maxPayloadSize": 0},
        "filter": {"supported": True, "maxResults": MAX_COUNT},
        "changePassword": {"supported": False},
        "sort": {"supported": False},
        "etag": {"supported": False},
        "authenticationSchemes": [bearer],
        "meta": {"resourceType": "ServiceProviderConfig", "location": call.address("ServiceProviderConfig")},
    })  # fmt: skip


def _types(call: DirectoryCall) -> list[Document]:
    kinds: list[Document] = [
        {"id": "User", "endpoint": "/Users", "schema": CORE_SCHEMA, "description": "A member of the enterprise",
         "schemaExtensions": [{"schema": ENTERPRISE, "required": False}]},
        {"id": "Group", "endpoint": "/Groups", "schema": GROUP, "description": "A group of members"},
    ]  # fmt: skip
    return [
        {
            "schemas": [f"{_CORE_SCHEMA_PREFIX}ResourceType"], "name": kind["id"], **kind,
            "meta": {"resourceType": "ResourceType", "location": call.address("ResourceTypes", kind["id"])},
        }
        for kind in kinds
    ]  # fmt: skip


def _attribute(
    name: str, description: str, *, kind: str = "string", required: bool = False, mutability: str = "readWrite",
    uniqueness: str = "none", exact: bool = False, many: bool = False, returned: str = "default",
    inside: list[Document] | None = None, values: list[str] | None = None, leads_to: list[str] | None = None,
) -> Document:  # fmt: skip
    """Return an attribute definition (RFC 7643 §7)."""
    optional = {"subAttributes": inside, "canonicalValues": values, "referenceTypes": leads_to}
    parts = {name: value for name, value in optional.items() if value}
    return {
        "name": name, "type": kind, "multiValued": many, "description": description, "required": required, "caseExact": exact,
        "mutability": mutability, "returned": returned, "uniqueness": uniqueness, **parts,
    }  # fmt: skip


_USER = [
    _attribute(
        "userName", "Account name: 1 to 64 letters, digits, dots, hyphens and underscores. It changes until a seller knows it.",
        required=True, uniqueness="server",
    ),
    _attribute("displayName", "Name of the person, 1 to 64 characters."),
    _attribute("name", "The name where displayName is missing.", kind="complex", inside=[
        _attribute("formatted", "The whole name."),
        _attribute("familyName", "Part of the name where no whole name is given."),
        _attribute("givenName", "Part of the name where no whole name is given."),
    ]),
    _attribute("active", "Whether the person may sign in.", kind="boolean"),
    _attribute("title", "Position, at most 64 characters."),
    _attribute("emails", "One is kept: the primary, else that for work.", kind="complex", many=True, inside=[
        _attribute("value", "At most 128 characters."), _attribute("type", "What it is for.", values=["work"]),
    ]),
    _attribute("phoneNumbers", "One is kept: that of the mobile telephone.", kind="complex", many=True, inside=[
        _attribute("value", "At most 32 characters."), _attribute("type", "What it is for.", values=["mobile"]),
    ]),
]  # fmt: skip
_ENTERPRISE = [
    _attribute("employeeNumber", "At most 64 characters."),
    _attribute(
        "department",
        "Code of a department, its path from the top (Head office/Research), or its name where only one is called so. An unknown one "
        "is kept as given, and moves nobody.",
    ),
]  # fmt: skip
_GROUP = [
    _attribute("displayName", "Name, 1 to 64 characters.", required=True, uniqueness="server"),
    _attribute("members", "Members of the enterprise. A list of groups does not tell them.", kind="complex", many=True, inside=[
        _attribute("value", "The id of a user.", mutability="immutable", exact=True),
        _attribute("$ref", "Address of the user.", kind="reference", mutability="immutable", leads_to=["User"]),
        _attribute("display", "Name of the user.", mutability="readOnly", returned="request"),
    ]),
]  # fmt: skip
_SCHEMAS: dict[str, tuple[str, list[Document]]] = {
    CORE_SCHEMA: ("User", _USER), ENTERPRISE: ("EnterpriseUser", _ENTERPRISE), GROUP: ("Group", _GROUP),
}  # fmt: skip


def _schemas(call: DirectoryCall) -> list[Document]:
    return [
        {
            "schemas": [f"{_CORE_SCHEMA_PREFIX}Schema"], "id": key, "name": name, "description": f"What is kept of a {name}", "attributes": attributes,
            "meta": {"resourceType": "Schema", "location": call.address("Schemas", key)},
        }
        for key, (name, attributes) in _SCHEMAS.items()
    ]  # fmt: skip


def _document_list(call: DirectoryCall, items: list[Document]) -> HttpResponse:
    """Return all documents. A filter is refused, so that clients do not take the full list for a filtered one (RFC 7644
    §4)."""
    if call.asked().get("filter"):
        raise ScimError("This list takes no filter.", HTTPStatus.FORBIDDEN)
    return list_response(items, total=len(items))


def _by_id(items: list[Document], key: str) -> HttpResponse:
    item = next((item for item in items if item["id"] == key), None)
    if item is None:
        raise ScimError("There is nothing of this name.", HTTPStatus.NOT_FOUND)
    return json_response(item)


provider = by_method(GET=_provider)
resource_types = by_method(GET=lambda call: _document_list(call, _types(call)))
resource_type = by_method(GET=lambda call, key: _by_id(_types(call), key))
schemas = by_method(GET=lambda call: _document_list(call, _schemas(call)))
schema = by_method(GET=lambda call, key: _by_id(_schemas(call), key))
