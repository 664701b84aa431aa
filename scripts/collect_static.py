"""Collect the static files of all sites under names that contain their hash, each compressed with gzip and brotli."""

from __future__ import annotations

import os
import shutil
import tempfile

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tradepost.market.settings")


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="tradepost-static-") as folder:
        os.environ["TRADEPOST_DATA"] = folder  # required by settings; nothing is written there
        import django
        from django.conf import settings
        from django.core.management import call_command

        django.setup()
        shutil.rmtree(settings.STATIC_ROOT, ignore_errors=True)
        # Icons are drawn into the pages. The pages load neither the scripts of allauth nor those of django-htmx.
        unused = ["icons", "account", "django_htmx"]
        call_command("collectstatic", interactive=False, verbosity=0, ignore_patterns=unused)


if __name__ == "__main__":
    main()
