"""Django's SQLite backend, with writers that wait for the lock in the order in which they came."""
