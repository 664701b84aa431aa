"""Who the buyer is: name, company, telephone. Sellers get of it what a product asks for."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from tradepost.market.identity.models import User
from tradepost.market.web.access import buyer_required, person


class ProfileForm(forms.ModelForm[User]):
    class Meta:
        model = User
        fields = ("name", "company", "phone")
        help_texts = {
            "name": gettext_lazy("Sellers see it with your orders."),
            "phone": gettext_lazy("A seller gets it only when a product asks for it; the product says so at checkout."),
        }


@buyer_required
@require_http_methods(["GET", "HEAD", "POST"])
def profile(request: HttpRequest) -> HttpResponse:
    form = ProfileForm(request.POST or None, instance=User.objects.get(pk=person(request).pk))
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, _("Saved."))
        return redirect("storefront:profile")
    return render(request, "storefront/profile.html", {"form": form})
