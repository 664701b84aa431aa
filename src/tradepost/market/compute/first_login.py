"""The cloud-init script that creates the first account on a new system disk (business-rules §2.7: no preset
passwords)."""

from __future__ import annotations

import json

from .contract import Login


def user_data(login: Login) -> str:
    """Return the script as JSON, which is valid YAML and needs no quoting. cloud-init before 22.2 reads only
    ``list``."""
    script = {
        "ssh_pwauth": True,
        "disable_root": False,
        "chpasswd": {
            "expire": False,
            "list": [f"{login.user_name}:{login.password}"],
            "users": [{"name": login.user_name, "password": login.password, "type": "text"}],
        },
        "write_files": [
            {
                "path": "/etc/ssh/sshd_config.d/10-tradepost.conf",
                "content": "PermitRootLogin yes\nPasswordAuthentication yes\n",
            }
        ],
        "runcmd": ["systemctl restart sshd || systemctl restart ssh"],
    }
    return f"#cloud-config\n{json.dumps(script, indent=1)}\n"
