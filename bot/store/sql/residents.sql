-- name: lock
-- One change at a time for a resident; SQLite has a single writer anyway.
SELECT 1;

-- name: lock [postgresql]
SELECT pg_advisory_xact_lock(hashtextextended(:user_id, 0));

-- name: find
-- A resident by LINE user id.
SELECT id, user_id, language, state, state_event_ms, dialogue FROM residents WHERE user_id = :user_id;

-- name: facts
-- What one resident has registered, in the order it was added.
SELECT key, value FROM facts WHERE resident_id = :id ORDER BY key, position;

-- name: insert
-- A new resident.
INSERT INTO residents (user_id, language, state, state_event_ms, dialogue, created_ms, updated_ms)
VALUES (:user_id, :language, :state, :state_event_ms, :dialogue, :now, :now)
RETURNING id;

-- name: known
-- Which of many user ids (a JSON array) are residents.
SELECT user_id FROM residents WHERE user_id IN (SELECT value FROM json_each(:user_ids));

-- name: known [postgresql]
SELECT user_id FROM residents WHERE user_id IN (SELECT json_array_elements_text(:user_ids::json));

-- name: insert_new
-- A new resident, many at a time.
INSERT INTO residents (user_id, language, state, state_event_ms, dialogue, created_ms, updated_ms)
VALUES (:user_id, :language, :state, :state_event_ms, :dialogue, :now, :now);

-- name: add_fact_of
-- Register one fact of a resident known by user id, many at a time.
INSERT INTO facts (resident_id, key, value, position)
SELECT id, :key, :value, :position FROM residents WHERE user_id = :user_id;

-- name: update
-- A resident's language, state and open dialogue.
UPDATE residents
SET language = :language, state = :state, state_event_ms = :state_event_ms, dialogue = :dialogue, updated_ms = :now
WHERE id = :id;

-- name: clear_facts
-- Remove what a resident has registered.
DELETE FROM facts WHERE resident_id = :id;

-- name: add_fact
-- Register one fact.
INSERT INTO facts (resident_id, key, value, position) VALUES (:id, :key, :value, :position);

-- name: delete
-- Remove a resident; their facts go with them.
DELETE FROM residents WHERE id = :id;

-- name: page
-- Residents in the order of their ids, from after one on.
SELECT id, user_id, language, state FROM residents WHERE id > :after ORDER BY id LIMIT :limit;

-- name: page_facts
-- The facts of one page of residents.
SELECT resident_id, key, value FROM facts
WHERE resident_id > :after AND resident_id <= :upto ORDER BY resident_id, key, position;

-- name: count
-- How many residents a segment reaches.
SELECT count(*) AS n FROM residents r WHERE r.state = 'following' AND ({condition});

-- name: audience
-- The residents a segment reaches, in the order of their ids, from after one on.
SELECT r.id, r.user_id, r.language FROM residents r
WHERE r.id > :after AND r.state = 'following' AND ({condition})
ORDER BY r.id LIMIT :limit;

-- name: totals
-- How many residents there are in each state.
SELECT state, count(*) AS n FROM residents GROUP BY state;

-- name: shrink_waiting_batches
-- Before a resident leaves the batches that no request has been made for: their sizes.
UPDATE batches SET size = size - 1
WHERE state = 'ready' AND attempts = 0 AND id IN (SELECT batch_id FROM recipients WHERE resident_id = :id);

-- name: leave_waiting_batches
-- A resident who stopped, blocked or was erased leaves what no request has been made for.
DELETE FROM recipients
WHERE resident_id = :id AND batch_id IN (SELECT id FROM batches WHERE state = 'ready' AND attempts = 0);

-- name: forget_ended
-- An erased resident's id leaves the batches that have ended.
UPDATE recipients SET user_id = NULL
WHERE resident_id = :id AND batch_id NOT IN (SELECT id FROM batches WHERE state IN ('ready', 'leased'));

-- name: mark_erased
-- In batches under way the same bytes must go out again, so the id stays until they end.
UPDATE recipients SET erased = 1 WHERE resident_id = :id AND user_id IS NOT NULL;

-- name: scrub_erased
-- Ids of erased residents whose batches have ended since.
UPDATE recipients SET user_id = NULL, erased = 0
WHERE erased = 1 AND batch_id NOT IN (SELECT id FROM batches WHERE state IN ('ready', 'leased'));
