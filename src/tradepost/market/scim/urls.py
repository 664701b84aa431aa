"""Addresses below that of an enterprise's directory; what is none of them is refused in SCIM's form."""

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
    path("Users", user_calls.many, name="users"),
    path("Users/<str:key>", user_calls.one, name="user"),
    path("Groups", group_calls.many, name="groups"),
    path("Groups/<str:key>", group_calls.one, name="group"),
    path("", unknown, name="none"),
    path("<path:rest>", unknown, name="unknown"),
]
