"""Form fields to pick members and departments of an enterprise: a search field above check boxes or radio buttons.

htmx loads the list while the person types (``picker_list``). Without JavaScript, the button beside the field submits
the form, which only shows the matches (``PickingForm``). Chosen options stay in the list during later searches.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import Any, Protocol
from urllib.parse import urlencode

from django import forms
from django.core.exceptions import BadRequest
from django.forms.utils import ErrorDict
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.translation import gettext as _
from msgspec import Struct

from tradepost.market.base.numbers import whole_number
from tradepost.market.organisations import picking
from tradepost.market.organisations.models import Enterprise
from tradepost.market.organisations.picking import MAX_OPTIONS, Option

SEARCH = "search"
"""Name of the buttons beside the search fields. Their value is the field's name."""
MAX_PEOPLE = 500
_NAME = re.compile(r"[a-z_]{1,32}")


class Source(Protocol):
    """A source of options. ``hint`` names the searched fields."""

    @property
    def hint(self) -> str: ...

    def find(self, text: str) -> Sequence[Option]:
        """Return up to ``SHOWN`` options, plus one if there are more."""

    def among(self, keys: Collection[int]) -> Sequence[Option]: ...


class People(Struct, frozen=True):
    """Active members of an enterprise, or only of one ``department`` (its key)."""

    enterprise: Enterprise
    department: int | None = None

    @property
    def hint(self) -> str:
        return _("Name, account or email")

    def find(self, text: str) -> Sequence[Option]:
        return picking.find_people(self.enterprise, text, department=self.department)

    def among(self, keys: Collection[int]) -> Sequence[Option]:
        return picking.people_among(self.enterprise, keys)


class Departments(Struct, frozen=True):
    enterprise: Enterprise

    @property
    def hint(self) -> str:
        return _("Name or code of a department")

    def find(self, text: str) -> Sequence[Option]:
        return picking.find_departments(self.enterprise, text)

    def among(self, keys: Collection[int]) -> Sequence[Option]:
        return picking.departments_among(self.enterprise, keys)


class PickerList(Struct, frozen=True, kw_only=True):
    """The list of a picker for its template."""

    name: str
    multiple: bool
    text: str
    chosen: Sequence[Option]
    found: Sequence[Option]
    more: bool
    none: str = ""
    """Label of the option without a key, for example “at the top”; "" for none."""
    none_chosen: bool = False


def picker_options(
    source: Source, *, name: str, multiple: bool, text: str, keys: Collection[int], none: str = "", searched: bool = True
) -> PickerList:  # fmt: skip
    """Return the list of a picker. ``searched``: whether to look for options that are not chosen."""
    chosen_options = list(source.among(keys)) if keys else []
    chosen_keys = {option.key for option in chosen_options}
    matches = [option for option in source.find(text) if option.key not in chosen_keys] if searched else []
    return PickerList(
        name=name, multiple=multiple, text=text, chosen=chosen_options, found=matches[:MAX_OPTIONS], more=len(matches) > MAX_OPTIONS, none=none,
        none_chosen=not chosen_options,
    )  # fmt: skip


class Picker(forms.Widget):
    """Widget rendered by ``web/parts/picker.html``."""

    def __init__(self, source: Source, url: str, *, multiple: bool, none: str = "") -> None:
        super().__init__()
        self.source, self.url, self.multiple, self.none = source, url, multiple, none
        self.text = ""

    def value_from_datadict(self, data: Any, _files: Any, name: str) -> list[str]:
        self.text = _search_text(str(data.get(f"find-{name}", "")))
        return data.getlist(name) if hasattr(data, "getlist") else [str(value) for value in data.get(name, ())]

    def options(self, name: str, value: object) -> PickerList:
        values = value if isinstance(value, list | tuple) else [value]
        return picker_options(
            self.source, name=name, multiple=self.multiple, text=self.text, keys=_keys(values), none=str(self.none)
        )

    def address(self, name: str) -> str:
        """Return the address from which htmx loads the list."""
        parameters = {
            "field": name,
            **({"multiple": "1"} if self.multiple else {}),
            **({"none": "1"} if self.none else {}),
        }
        return f"{self.url}{'&' if '?' in self.url else '?'}{urlencode(parameters)}"


def _search_text(text: str) -> str:
    return text.replace("\x00", "").strip()[:64]


def _keys(values: Collection[object]) -> list[int]:
    keys = (whole_number(str(value)) for value in values)
    return list(dict.fromkeys(key for key in keys if key is not None))[: MAX_PEOPLE + 1]


class PeopleField(forms.Field):
    """A field for one or several members; cleans to their keys. The verb checks whether they exist and may be chosen."""

    widget: Picker

    def __init__(self, source: People, url: str, *, multiple: bool = True, **kwargs: Any) -> None:
        super().__init__(widget=Picker(source, url, multiple=multiple), **kwargs)

    def clean(self, value: Any) -> list[int]:
        keys = _keys(value or [])
        if not keys and self.required:
            raise forms.ValidationError(
                _("Choose at least one person.") if self.widget.multiple else _("Choose a person.")
            )
        if len(keys) > MAX_PEOPLE:
            raise forms.ValidationError(_("At most %(most)s people can be chosen at once.") % {"most": MAX_PEOPLE})
        return keys


class DepartmentField(forms.Field):
    """A field for a department; cleans to its key as text, or "" for ``none``."""

    def __init__(self, source: Departments, url: str, *, none: Any = "", **kwargs: Any) -> None:
        super().__init__(widget=Picker(source, url, multiple=False, none=none), **kwargs)

    def clean(self, value: Any) -> str:
        keys = _keys(value or [])
        if not keys and self.required:
            raise forms.ValidationError(_("Choose a department."))
        return str(keys[0]) if keys else ""


class PickingForm(forms.Form):
    """A form with pickers. Submitted by a search button, it is shown again and not valid."""

    @property
    def is_search(self) -> bool:
        return self.is_bound and str(self.data.get(SEARCH, "")) in self.fields

    def full_clean(self) -> None:
        if not self.is_search:
            super().full_clean()
            return
        self._errors, self.cleaned_data = ErrorDict(), {}

    def is_valid(self) -> bool:
        return not self.is_search and super().is_valid()


def picker_list(request: HttpRequest, source: Source) -> HttpResponse:
    """Return the list of a picker for htmx: matches below the chosen options."""
    query: QueryDict = request.GET
    name = query.get("field", "")
    if not _NAME.fullmatch(name):
        raise BadRequest
    listed = picker_options(
        source, name=name, multiple=query.get("multiple", "") == "1", text=_search_text(query.get(f"find-{name}", "")),
        keys=_keys(query.getlist(name)), none=_("– at the top –") if query.get("none") == "1" else "",
    )  # fmt: skip
    return render(request, "web/parts/picker_list.html", {"list": listed, "alone": True})
