"""The only place that overrides or reads what aiohttp keeps to itself. See ``django_internals``."""
