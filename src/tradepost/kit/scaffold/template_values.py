"""Values and conditions for the templates of a project, for the selected protocols."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from tradepost.protocols import registry

DEFAULT = ("saas_v2",)
PROTOCOLS = (
    "saas_v2",
    "saas_v1",
    "license_online",
    "license_v1",
    "license_code",
    "joint_kit_v2",
    "joint_kit_v1",
    "order_notice",
)
"""Protocols that a project can have, in display order."""
KEY_NAMES = {
    "base": "SELLER_KEY",
    "license": "SELLER_LICENSE_KEY",
    "kit": "SELLER_KIT_KEY",
    "notice": "SELLER_NOTICE_KEY",
}
JOINT_PROTOCOLS = ("joint_kit_v2", "joint_kit_v1")
ADDRESS = "/produce"
"""Path of the production address for all protocols; the content of a call selects the protocol."""
SELLING_PROTOCOLS = ("saas_v2", "saas_v1", "license_online", "license_v1")
"""Versions in which an order creates something at the seller."""
PUBLIC_KEY = "public-key.pem"


def conditions_of(chosen_protocols: tuple[str, ...]) -> frozenset[str]:
    """Return the true conditions of templates, including names of themes."""
    chosen = set(chosen_protocols)
    sold, code, joint = chosen & set(SELLING_PROTOCOLS), "license_code" in chosen, chosen & set(JOINT_PROTOCOLS)
    one_key = len(set(_key_names(chosen_protocols).values())) == 1
    holds = {
        "versions": chosen_protocols != DEFAULT,
        "saas": chosen & {"saas_v2", "saas_v1"},
        "sold": sold,
        "unsold": not sold,
        "kept": sold or code,
        "nothing_kept": not sold and not code,
        "joint": joint,
        "not_joint": not joint,
        "joint_only": joint and not sold and not code,
        "asks": chosen & {"license_online", "license_code", "order_notice"},
        "codes": code,
        "notices": "order_notice" in chosen,
        "one_key": one_key,
        "many_keys": not one_key,
    }
    return frozenset((*chosen_protocols, *(name for name, is_true in holds.items() if is_true)))


def protocol_values(chosen_protocols: tuple[str, ...], key: str, conditions: frozenset[str]) -> dict[str, str]:
    """Return values for the placeholders of templates. ``key``: base of the test keys."""
    variables = _key_names(chosen_protocols)
    names = tuple(dict.fromkeys(variables.values()))
    return {
        **_code_values(chosen_protocols, variables),
        **_market_values(chosen_protocols, variables),
        **_import_names(conditions),
        "keys": "\n".join(f"{name}={_test_key(key, name)}" for name in names),
        "key_names": ", ".join(f"`{name}`" for name in names),
        "key_names_zh": "、".join(f"`{name}`" for name in names),
        "key_defaults": "\n".join(f'{name}="${{{name}:-$(fresh_key)}}"' for name in names),
        "key_exports": " ".join(names),
        "key_tuple": _tuple_source(names),
    }


def _key_names(chosen_protocols: tuple[str, ...]) -> dict[str, str]:
    """Return the environment variable for the key of each protocol: the same for all unless their keys differ."""
    classes = {name: registry.protocol(name).key_class for name in chosen_protocols}
    if len(set(classes.values())) == 1:
        return dict.fromkeys(chosen_protocols, KEY_NAMES["base"])
    return {name: KEY_NAMES[key_class] for name, key_class in classes.items()}


def _test_key(key: str, name: str) -> str:
    """Derive another key, since one key cannot be bound to two classes of interfaces (saas-v2 §1.3)."""
    if name == KEY_NAMES["base"]:
        return key
    return hashlib.sha256(f"{key} {name}".encode()).hexdigest()[:32]


def _code_values(chosen_protocols: tuple[str, ...], variables: Mapping[str, str]) -> dict[str, str]:
    created_arguments = ["app=access(made)"] if "saas_v1" in chosen_protocols else []
    created_arguments += ['license=made["license"]'] if "license_v1" in chosen_protocols else []
    look_up = '    (made,) = rows("SELECT * FROM sold WHERE instance_id = ?", command.business_id)\n'
    classes = {registry.protocol(name).key_class: variable for name, variable in variables.items()}
    return {
        "protocols": _folded_tuple_source(chosen_protocols),
        "created": f"Created({', '.join(created_arguments)})",
        "look_up": look_up if created_arguments else "",
        "key_classes": "\n".join(
            f'        "{key_class}": os.environ.get("{variable}", ""),' for key_class, variable in classes.items()
        ),
        "sold_names": _tuple_source(tuple(name for name in chosen_protocols if name in SELLING_PROTOCOLS)),
        "joint_names": _tuple_source(tuple(name for name in chosen_protocols if name in JOINT_PROTOCOLS)),
    }


def _market_values(chosen_protocols: tuple[str, ...], variables: Mapping[str, str]) -> dict[str, str]:
    """Return commands that call the seller like a market, for manual tests and CI."""
    tries, checks, current = [], [], ""
    for name in chosen_protocols:
        if variables[name] != current:
            current = variables[name]
            tries.append(f"export TRADEPOST_KEY=\"$(sed -n 's/^{current}=//p' .env)\"")
            checks.append(f'export TRADEPOST_KEY="${current}"')
        joint = name in JOINT_PROTOCOLS
        with_key = f" --public-key {PUBLIC_KEY}" if joint else ""
        tries.append(f"tradepost check http://127.0.0.1:9000{ADDRESS} --protocol {name}{with_key}")
        report = f"report-{name}" if len(chosen_protocols) > 1 else "report"
        with_key = f' --public-key "$SELLER_DATA/{PUBLIC_KEY}"' if joint else ""
        checks.append(
            f'tradepost check "http://127.0.0.1:$port{ADDRESS}" --protocol {name}{with_key}'
            f' --junit {report}.xml --html {report}.html "$@"'
        )
    return {"tries": "\n".join(tries), "checks": "\n".join(checks)}


def _import_names(conditions: frozenset[str]) -> dict[str, str]:
    asks, joint = "asks" in conditions, "joint" in conditions
    english = [", `MARKET`, `AK`, `SK` (the market to query)"] if asks else []
    english += (
        [", `SELLER_PRIVATE_KEY` (decrypts client secrets), `SELLER_APP_ID` (id of the credential)"] if joint else []
    )
    chinese = ["、`MARKET`、`AK`、`SK`（要查询的商店）"] if asks else []
    chinese += ["、`SELLER_PRIVATE_KEY`（解密客户端密钥）、`SELLER_APP_ID`（应用凭证的 ID）"] if joint else []
    return {"more_names": "".join(english), "more_names_zh": "".join(chinese)}


def _folded_tuple_source(names: tuple[str, ...]) -> str:
    """Return a tuple, with one item per line if it exceeds a line of 120 characters."""
    short_tuple = _tuple_source(names)
    return short_tuple if len(short_tuple) <= 100 else "(\n" + "".join(f'    "{name}",\n' for name in names) + ")"


def _tuple_source(names: tuple[str, ...]) -> str:
    quoted_names = ", ".join(f'"{name}"' for name in names)
    return f"({quoted_names},)" if len(names) == 1 else f"({quoted_names})"
