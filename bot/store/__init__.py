"""The database: one port, two drivers, named SQL, numbered migrations."""
