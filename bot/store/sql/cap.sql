-- name: seen
-- Which places have been looked at (a JSON array).
SELECT place FROM cap_alerts WHERE place IN (SELECT value FROM json_each(:places));

-- name: seen [postgresql]
SELECT place FROM cap_alerts WHERE place IN (SELECT json_array_elements_text(:places::json));

-- name: find
-- The alert of a sender and identifier as it was first taken in; none that was refused.
SELECT * FROM cap_alerts WHERE sender = :sender AND identifier = :identifier AND outcome IN ('draft', 'old');

-- name: add
-- An alert is taken in once: a second time changes nothing.
INSERT INTO cap_alerts (place, source, sender, identifier, sent_ms, status, message_type, headline, received_ms,
                        outcome, reason, broadcast_id)
VALUES (:place, :source, :sender, :identifier, :sent_ms, :status, :message_type, :headline, :received_ms,
        :outcome, :reason, :broadcast_id)
ON CONFLICT DO NOTHING;

-- name: link
-- The draft that an alert became.
UPDATE cap_alerts SET broadcast_id = :broadcast_id
WHERE sender = :sender AND identifier = :identifier AND outcome = 'draft';

-- name: newest
-- The latest alerts, the newest first.
SELECT * FROM cap_alerts ORDER BY id DESC LIMIT :limit;
