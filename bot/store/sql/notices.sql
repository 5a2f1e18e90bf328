-- name: checked
-- Up to when each notice's occurrences have been dealt with.
SELECT name, checked_ms FROM notices;

-- name: set_checked
-- Remember it; it never goes back.
INSERT INTO notices (name, checked_ms) VALUES (:name, :checked_ms)
ON CONFLICT (name) DO UPDATE SET checked_ms = excluded.checked_ms WHERE notices.checked_ms < excluded.checked_ms;

-- name: record
-- An occurrence happens once: a second one with the same key changes nothing.
INSERT INTO occurrences (notice, key, at_ms, state, broadcast_id, recorded_ms, reason)
VALUES (:notice, :key, :at_ms, :state, NULL, :now, :reason)
ON CONFLICT (notice, key) DO NOTHING;

-- name: link
-- The broadcast an occurrence became.
UPDATE occurrences SET broadcast_id = :broadcast_id WHERE notice = :notice AND key = :key;

-- name: history
-- The latest occurrences, or those alone that were missed, with why; not a digest that had nothing to tell.
SELECT notice, key, at_ms, state, broadcast_id, recorded_ms, reason FROM occurrences
WHERE state = 'missed' OR (:missed = 0 AND broadcast_id IS NOT NULL)
ORDER BY at_ms DESC, notice, key LIMIT :limit;

-- name: latest
-- The latest occurrences of one notice.
SELECT notice, key, at_ms, state, broadcast_id, recorded_ms, reason FROM occurrences
WHERE notice = :notice ORDER BY at_ms DESC, key LIMIT :limit;

-- name: tell
-- An item of an occurrence has been told.
INSERT INTO told (notice, key, told_ms) VALUES (:notice, :key, :now) ON CONFLICT (notice, key) DO NOTHING;

-- name: told
-- Which of some items (a JSON array of keys) have been told.
SELECT key FROM told WHERE notice = :notice AND key IN (SELECT value FROM json_each(:keys));

-- name: told [postgresql]
SELECT key FROM told WHERE notice = :notice AND key IN (SELECT json_array_elements_text(:keys::json));

-- name: last_fired
-- When a notice last went out.
SELECT max(at_ms) AS at_ms FROM occurrences WHERE notice = :notice AND state = 'fired';
