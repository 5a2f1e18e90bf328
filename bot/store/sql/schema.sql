-- name: record
-- Note a migration as applied.
INSERT INTO migrations (version, name, applied_ms) VALUES (:version, :name, :now);

-- name: birth
-- When this database was first set up, or last went back to a copy: what fell due before is not for it to send.
SELECT max(at_ms) AS at_ms FROM (
    SELECT applied_ms AS at_ms FROM migrations WHERE version = 1
    UNION ALL SELECT at_ms FROM audit WHERE action = 'db.restore') AS births;
