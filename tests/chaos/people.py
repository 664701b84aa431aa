"""Run as a program: create a market with accounts in the data folder of the environment.

It must not import modules that import the tests' settings, which name another folder.
"""

from __future__ import annotations

PERSON_COUNT = 20
PASSWORD = "a long enough passphrase"


def email(number: int) -> str:
    return f"person{number}@lantian.example"


def main() -> None:
    import django

    django.setup()
    from tests.migrated import migrate_here
    from tradepost.market.identity.models import User

    migrate_here()
    for number in range(PERSON_COUNT):
        User.objects.create_user(email(number), PASSWORD)


if __name__ == "__main__":
    main()
