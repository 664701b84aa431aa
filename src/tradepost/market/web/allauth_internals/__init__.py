"""The only place that uses what allauth keeps to itself. See ``base/django_internals``."""
