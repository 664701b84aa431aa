"""``tradepost seller keypair``: the RSA keys of a joint-operation credential."""

from __future__ import annotations

from pathlib import Path

from tradepost.cli import terminal


def keypair(public_key: Path) -> None:
    """Make the RSA keys with which a market sends client secrets and you read them.

    The private key is printed as one line, for SELLER_PRIVATE_KEY; keep it to yourself.

    Parameters
    ----------
    public_key
        Where to write the public key, which you paste into the application for a credential.
    """
    from tradepost.kit.keypair import make_pair

    pair = make_pair()
    try:
        with public_key.open("x", encoding="ascii") as file:
            file.write(pair.public)
    except OSError as error:
        # A key that somebody may have pasted already is not overwritten.
        terminal.fail(f"The public key cannot be written to {public_key}: {error.strerror}")
    terminal.say(pair.private)
