-- name: add_batch
-- A batch of recipients, with the retry key all its requests will carry.
INSERT INTO batches (broadcast_id, language, retry_key, priority, size, first_resident, last_resident,
                     state, due_ms)
VALUES (:broadcast_id, :language, :retry_key, :priority, :size, :first_resident, :last_resident,
        'ready', :due_ms);

-- name: add_recipients
-- Who is in the batch of a retry key.
INSERT INTO recipients (batch_id, resident_ids) SELECT id, :resident_ids FROM batches WHERE retry_key = :retry_key;

-- name: add_addresses
-- Where LINE is to send it.
INSERT INTO addresses (batch_id, user_ids) SELECT id, :user_ids FROM batches WHERE retry_key = :retry_key;

-- name: let_go
-- The audience is complete: what was held may be sent.
UPDATE batches SET due_ms = :now WHERE broadcast_id = :id AND state = 'ready' AND attempts = 0;

-- name: addresses
-- The addresses of some batches (a JSON array of ids).
SELECT batch_id, user_ids FROM addresses WHERE batch_id IN (SELECT value FROM json_each(:ids));

-- name: addresses [postgresql]
SELECT batch_id, user_ids FROM addresses
WHERE batch_id IN (SELECT json_array_elements_text(:ids::json)::bigint);

-- name: forget_addresses
-- Batches that have ended need no addresses.
DELETE FROM addresses WHERE batch_id IN (
    SELECT a.batch_id FROM addresses a JOIN batches b ON b.id = a.batch_id
    WHERE b.state NOT IN ('ready', 'leased'));

-- name: claim
-- Lease waiting batches, the most urgent first; counts as an attempt before any request is made.
UPDATE batches
SET state = 'leased', lease_owner = :owner, lease_until_ms = :lease_until, attempts = attempts + 1,
    first_attempt_ms = COALESCE(first_attempt_ms, :now)
WHERE id IN (
    SELECT id FROM batches WHERE state = 'ready' AND due_ms <= :now ORDER BY priority DESC, id LIMIT :limit)
RETURNING id, broadcast_id, language, retry_key, priority, size, attempts, first_attempt_ms;

-- name: claim [postgresql]
UPDATE batches
SET state = 'leased', lease_owner = :owner, lease_until_ms = :lease_until, attempts = attempts + 1,
    first_attempt_ms = COALESCE(first_attempt_ms, :now)
WHERE id IN (
    SELECT id FROM batches WHERE state = 'ready' AND due_ms <= :now ORDER BY priority DESC, id LIMIT :limit
    FOR UPDATE SKIP LOCKED)
RETURNING id, broadcast_id, language, retry_key, priority, size, attempts, first_attempt_ms;

-- name: end
-- A batch has its final answer. A lease lost meanwhile does not matter: the answer is LINE's.
UPDATE batches
SET state = :state, ended_ms = :now, request_id = :request_id, reason = :reason,
    lease_owner = NULL, lease_until_ms = NULL
WHERE id = :id AND state IN ('ready', 'leased');

-- name: retry
-- No final answer: the batch waits and goes out again under the same key.
UPDATE batches
SET state = 'ready', due_ms = :due_ms, reason = :reason, lease_owner = NULL, lease_until_ms = NULL
WHERE id = :id AND state = 'leased' AND lease_owner = :owner;

-- name: release_expired
-- Leases whose holder is gone.
UPDATE batches SET state = 'ready', due_ms = :now, lease_owner = NULL, lease_until_ms = NULL
WHERE state = 'leased' AND lease_until_ms <= :now;

-- name: release_all
-- After a restart of the only sender, no lease has a holder.
UPDATE batches SET state = 'ready', due_ms = :now, lease_owner = NULL, lease_until_ms = NULL
WHERE state = 'leased';

-- name: next_due
-- When the next waiting batch may go.
SELECT min(due_ms) AS due_ms FROM batches WHERE state = 'ready';

-- name: expire
-- Past the horizon of the retry key a batch without an answer is never sent again by itself.
UPDATE batches SET state = 'unknown', ended_ms = :now, reason = COALESCE(reason, :reason),
    lease_owner = NULL, lease_until_ms = NULL
WHERE state = 'ready' AND first_attempt_ms <= :horizon;

-- name: backlog
-- Batches not yet ended.
SELECT state, count(*) AS batches, COALESCE(sum(size), 0) AS residents FROM batches
WHERE state IN ('ready', 'leased') GROUP BY state;
