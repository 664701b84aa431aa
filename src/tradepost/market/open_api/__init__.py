"""The APIs that sellers call. Each says how its callers sign: AK/SK, or a signing key."""
