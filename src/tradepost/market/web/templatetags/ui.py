"""Tags and filters of the shared components."""

from django import template

register = template.Library()
