-- name: record
-- Note a migration as applied.
INSERT INTO migrations (version, name, applied_ms) VALUES (:version, :name, :now);

-- name: birth
-- When this database was first set up.
SELECT applied_ms FROM migrations ORDER BY version LIMIT 1;
