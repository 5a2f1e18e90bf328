-- name: insert
-- A new broadcast.
INSERT INTO broadcasts (title, state, segment, priority, drill, template, context, author, approver,
                        created_ms, approved_ms, scheduled_ms)
VALUES (:title, :state, :segment, :priority, :drill, :template, :context, :author, :approver,
        :created_ms, :approved_ms, :scheduled_ms)
RETURNING id;

-- name: add_message
-- The rendered messages of a broadcast in one language.
INSERT INTO messages (broadcast_id, language, payload) VALUES (:broadcast_id, :language, :payload);

-- name: find
-- One broadcast.
SELECT * FROM broadcasts WHERE id = :id;

-- name: lock
-- One broadcast, for a change of state.
SELECT * FROM broadcasts WHERE id = :id;

-- name: lock [postgresql]
SELECT * FROM broadcasts WHERE id = :id FOR UPDATE;

-- name: list
-- The newest broadcasts.
SELECT * FROM broadcasts ORDER BY id DESC LIMIT :limit;

-- name: messages
-- What a broadcast says in each language.
SELECT language, payload FROM messages WHERE broadcast_id = :id ORDER BY language;

-- name: languages
-- The languages a broadcast has messages in.
SELECT language FROM messages WHERE broadcast_id = :id;

-- name: set_state
-- Move a broadcast to another state.
UPDATE broadcasts
SET state = :state, approver = :approver, approved_ms = :approved_ms, scheduled_ms = :scheduled_ms,
    started_ms = :started_ms, finished_ms = :finished_ms, failure = :failure
WHERE id = :id;

-- name: due
-- Scheduled broadcasts whose time has come, the most urgent first.
SELECT id FROM broadcasts WHERE state = 'scheduled' AND scheduled_ms <= :now
ORDER BY priority DESC, scheduled_ms, id;

-- name: gathering
-- Broadcasts under way whose audience is not complete.
SELECT id FROM broadcasts WHERE state = 'sending' AND audience_done = 0 ORDER BY priority DESC, id;

-- name: set_audience
-- How far the audience has been put into batches.
UPDATE broadcasts SET audience_upto = :upto, audience_done = :done WHERE id = :id;

-- name: finished
-- Broadcasts under way of which every batch has ended.
SELECT id FROM broadcasts WHERE state = 'sending' AND audience_done = 1 AND NOT EXISTS (
    SELECT 1 FROM batches b WHERE b.broadcast_id = broadcasts.id AND b.state IN ('ready', 'leased'));

-- name: cancel_batches
-- What no request has been made for is not sent any more.
UPDATE batches SET state = 'cancelled', ended_ms = :now
WHERE broadcast_id = :id AND state = 'ready' AND attempts = 0;

-- name: tally
-- Batches of a broadcast by state, counted in residents.
SELECT state, count(*) AS batches, sum(size) AS residents, sum(attempts) AS requests,
       min(first_attempt_ms) AS first_ms, max(ended_ms) AS last_ms
FROM batches WHERE broadcast_id = :id GROUP BY state;

-- name: reasons
-- Why residents did not get a broadcast, or not at the first try.
SELECT state, reason, sum(size) AS residents FROM batches
WHERE broadcast_id = :id AND reason IS NOT NULL GROUP BY state, reason ORDER BY state, reason;

-- name: undelivered
-- Batches whose residents did not get a broadcast, as far as is known.
SELECT b.state, b.reason, r.resident_ids FROM batches b JOIN recipients r ON r.batch_id = b.id
WHERE b.broadcast_id = :id AND b.state IN ('failed', 'unknown') ORDER BY b.id LIMIT :limit;
