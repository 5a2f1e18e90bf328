-- "state <> 'done'" is what shows SQLite that an index of the open events will do.

-- name: add
-- Keep a webhook event; the same event again is ignored.
INSERT INTO inbox (event_id, user_id, message_id, timestamp_ms, received_ms, state, raw)
VALUES (:event_id, :user_id, :message_id, :timestamp_ms, :received_ms, :state, :raw)
ON CONFLICT (event_id) DO NOTHING;

-- name: waiting_users
-- Residents with unprocessed events.
SELECT DISTINCT user_id FROM inbox WHERE state = 'new' AND state <> 'done';

-- name: next
-- The oldest unprocessed event of a resident, by LINE's timestamp, and the one after it; none while a reply to them
-- is being sent.
SELECT id, raw, received_ms FROM inbox
WHERE state = 'new' AND state <> 'done' AND user_id = :user_id AND NOT EXISTS (
    SELECT 1 FROM inbox WHERE state = 'replying' AND state <> 'done' AND user_id = :user_id)
ORDER BY timestamp_ms, id LIMIT 2;

-- name: processed
-- An event has been processed; a reply may be left to send.
UPDATE inbox SET state = :state, reply_token = :reply_token, reply = :reply, lease_until_ms = :lease_until
WHERE id = :id;

-- name: take_over_replies
-- Replies whose sender has ended before it was done.
UPDATE inbox SET lease_until_ms = :lease_until
WHERE state = 'replying' AND state <> 'done' AND COALESCE(lease_until_ms, 0) <= :now
RETURNING id, user_id, reply_token, reply, received_ms;

-- name: renew_reply
-- Whoever sends this reply is alive.
UPDATE inbox SET lease_until_ms = :lease_until WHERE id = :id AND state = 'replying';

-- name: release_replies
-- Nobody sends a reply at this moment.
UPDATE inbox SET lease_until_ms = NULL WHERE state = 'replying' AND state <> 'done';

-- name: replied
-- Replies have been sent, or let go.
UPDATE inbox SET state = 'done', reply_token = NULL, reply = NULL, lease_until_ms = NULL
WHERE id IN (VALUES (:id));

-- name: replied [postgresql]
UPDATE inbox SET state = 'done', reply_token = NULL, reply = NULL, lease_until_ms = NULL
WHERE id = :id;

-- name: unsend
-- The resident took a message back: its content goes.
UPDATE inbox SET raw = :empty WHERE user_id = :user_id AND message_id = :message_id;

-- name: forget_content
-- Where somebody is, and how: the event must not outlive what is kept of it on purpose.
UPDATE inbox SET raw = :empty WHERE id = :id;

-- name: forget
-- Nothing of an erased resident's events stays but the event ids that guard against doubles.
-- What they sent after asking to be erased is a new contact and stays, unless the office erases them.
UPDATE inbox
SET user_id = NULL, message_id = NULL, raw = :empty, state = CASE WHEN state = 'new' THEN 'done' ELSE state END
WHERE user_id = :user_id AND (state <> 'new' OR :also_new = 1);

-- name: purge
-- Drop processed events past their retention.
DELETE FROM inbox WHERE received_ms < :before AND state = 'done';

-- name: waiting
-- How many events wait.
SELECT count(*) AS n FROM inbox WHERE state = 'new' AND state <> 'done';
