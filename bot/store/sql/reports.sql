-- name: tally
-- Batches of a broadcast by state, counted in residents.
SELECT state, count(*) AS batches, sum(size) AS residents, sum(attempts) AS requests,
       min(first_attempt_ms) AS first_ms, max(ended_ms) AS last_ms
FROM batches WHERE broadcast_id = :id GROUP BY state;

-- name: reasons
-- Why residents did not get a broadcast, or not at the first try.
SELECT state, reason, sum(size) AS residents FROM batches
WHERE broadcast_id = :id AND reason IS NOT NULL GROUP BY state, reason ORDER BY state, reason;

-- name: batches
-- What became of each batch.
SELECT id, endpoint, size, state, attempts, first_attempt_ms, ended_ms, request_id, reason FROM batches
WHERE broadcast_id = :id ORDER BY id;

-- name: undelivered
-- Batches whose residents did not get a broadcast, as far as is known.
SELECT b.state, b.reason, r.resident_ids FROM batches b JOIN recipients r ON r.batch_id = b.id
WHERE b.broadcast_id = :id AND b.state IN ('failed', 'unknown') ORDER BY b.id LIMIT :limit;

-- name: batches_of_one
-- The batches of a broadcast that one resident is in.
SELECT b.state, b.ended_ms, b.reason FROM batches b JOIN recipients r ON r.batch_id = b.id JOIN residents p
ON p.user_id = :user_id AND p.id BETWEEN b.first_resident AND b.last_resident
WHERE b.broadcast_id = :id AND ',' || r.resident_ids || ',' LIKE '%,' || p.id || ',%'
ORDER BY b.id;
