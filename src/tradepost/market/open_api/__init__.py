"""The APIs that sellers call, signed with AK/SK."""
