"""``tradepost seller keypair``: the RSA keys of a joint-operation credential."""

from __future__ import annotations

from pathlib import Path

from tradepost.cli import terminal


def keypair(public_key: Path) -> None:
    """Create the RSA keys with which a market encrypts client secrets and you decrypt them.

    The private key is printed as one line, for SELLER_PRIVATE_KEY; keep it secret.

    Parameters
    ----------
    public_key
        File for the public key, which you paste into the application for a credential.
    """
    from tradepost.kit.keypair import make_pair

    pair = make_pair()
    try:
        with public_key.open("x", encoding="ascii") as file:
            file.write(pair.public)
    except OSError as error:
        # Never overwrite a key, since it may already be registered.
        terminal.fail(f"The public key cannot be written to {public_key}: {error.strerror}")
    terminal.print_line(pair.private)
