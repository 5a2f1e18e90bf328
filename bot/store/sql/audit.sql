-- name: add
-- Who did what.
INSERT INTO audit (at_ms, actor, action, subject, detail)
VALUES (:at_ms, :actor, :action, :subject, :detail);

-- name: since
-- What was done from a time on, oldest first.
SELECT at_ms, actor, action, subject, detail FROM audit WHERE at_ms >= :since ORDER BY id;
