-- Until when whoever sends a reply is taken to be alive; after that another process sends it.
ALTER TABLE inbox ADD COLUMN lease_until_ms BIGINT;
