-- name: begin
-- Something is wrong since now, unless it was known.
INSERT INTO jma_alarms (subject, since_ms) VALUES (:subject, :now) ON CONFLICT (subject) DO NOTHING;

-- name: tell
-- Of many processes one tells of what has been wrong since `before`, and not again until `again` is past.
UPDATE jma_alarms SET told_ms = :now
WHERE subject = :subject AND since_ms <= :before AND (told_ms IS NULL OR told_ms <= :again);

-- name: since
-- Since when something is wrong.
SELECT since_ms, told_ms FROM jma_alarms WHERE subject = :subject;

-- name: end
-- It is as it should be; of many processes one gets the row.
DELETE FROM jma_alarms WHERE subject = :subject RETURNING since_ms, told_ms;
