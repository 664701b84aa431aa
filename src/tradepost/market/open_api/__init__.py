"""APIs for programs of sellers and buyers, authenticated by AK/SK or a signing key."""
