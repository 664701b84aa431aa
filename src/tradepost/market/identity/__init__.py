"""Who acts: accounts, sellers with members, signing keys, access keys."""
