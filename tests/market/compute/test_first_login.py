"""The script with which cloud-init sets the first password."""

from __future__ import annotations

import json

from tradepost.market.compute.contract import Login
from tradepost.market.compute.first_login import user_data


def test_old_and_new_versions_of_cloud_init_set_the_password() -> None:
    """Versions before 22.2 (Ubuntu 20.04, CentOS 7) read only ``list``; newer ones use ``users``."""
    first, script = user_data(Login(user_name="root", password='a"b:c')).split("\n", 1)
    assert first == "#cloud-config"
    password_settings = json.loads(script)["chpasswd"]
    assert password_settings == {
        "expire": False,
        "list": ['root:a"b:c'],
        "users": [{"name": "root", "password": 'a"b:c', "type": "text"}],
    }
