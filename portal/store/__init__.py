"""The database: engine, connection pool, revisions, leases and migrations."""
