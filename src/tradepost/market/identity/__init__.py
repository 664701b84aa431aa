"""Users and sellers: accounts, sellers with members, signing keys, access keys."""
