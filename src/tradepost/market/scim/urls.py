"""URLs of an enterprise's directory. Unknown addresses get a SCIM error."""

from __future__ import annotations

from django.urls import path

from . import documents, group_calls, searching, user_calls
from .calls import not_implemented, unknown

app_name = "scim"
urlpatterns = [
    path("ServiceProviderConfig", documents.provider, name="provider"),
    path("ResourceTypes", documents.resource_types, name="resource_types"),
    path("ResourceTypes/<str:key>", documents.resource_type, name="resource_type"),
    path("Schemas", documents.schemas, name="schemas"),
    path("Schemas/<str:key>", documents.schema, name="schema"),
    path("Bulk", not_implemented, name="bulk"),
    path("Me", not_implemented, name="me"),
    path(".search", searching.everything, name="search"),
    path("Users/.search", user_calls.search, name="search_users"),
    path("Groups/.search", group_calls.search, name="search_groups"),
    path("Users", user_calls.collection, name="users"),
    path("Users/<str:key>", user_calls.detail, name="user"),
    path("Groups", group_calls.collection, name="groups"),
    path("Groups/<str:key>", group_calls.detail, name="group"),
    path("", unknown, name="none"),
    path("<path:rest>", unknown, name="unknown"),
]
