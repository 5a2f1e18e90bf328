-- name: add_feed
-- A feed seen for the first time is due at once.
INSERT INTO jma_feeds (address, due_ms) VALUES (:address, :now) ON CONFLICT (address) DO NOTHING;

-- name: claim
-- Of many processes one looks at a feed that is due; the others find it put forward.
UPDATE jma_feeds SET due_ms = :next, looked_ms = :now WHERE address = :address AND due_ms <= :now;

-- name: feed
-- What is known of a feed.
SELECT address, due_ms, etag, modified, looked_ms, succeeded_ms, failures, failure
FROM jma_feeds WHERE address = :address;

-- name: feeds
-- What is known of all feeds.
SELECT address, due_ms, etag, modified, looked_ms, succeeded_ms, failures, failure FROM jma_feeds ORDER BY address;

-- name: succeed
-- A look that could be read; `failure` says why not every telegram in it could be.
UPDATE jma_feeds SET etag = :etag, modified = :modified, succeeded_ms = :now, failures = :failures, failure = :failure
WHERE address = :address;

-- name: fail
-- A look that could not.
UPDATE jma_feeds SET failures = failures + 1, failure = :failure, etag = NULL, modified = NULL
WHERE address = :address;

-- name: known
-- Which of these addresses (a JSON array) have been fetched.
SELECT address FROM telegrams WHERE address IN (SELECT value FROM json_each(:addresses));

-- name: known [postgresql]
SELECT address FROM telegrams WHERE address IN (SELECT json_array_elements_text(:addresses::json));

-- name: add
-- A telegram is kept once: a second time changes nothing.
INSERT INTO telegrams (address, type, sender, body, title, reported_ms, fetched_ms, outcome, reason)
VALUES (:address, :type, :sender, :body, :title, :reported_ms, :now, :outcome, :reason)
ON CONFLICT (address) DO NOTHING;

-- name: newest
-- The latest telegrams, the newest first.
SELECT address, type, sender, title, reported_ms, fetched_ms, outcome, reason FROM telegrams
ORDER BY id DESC LIMIT :limit;

-- name: outcomes
-- How many telegrams became what.
SELECT outcome, count(*) AS n FROM telegrams GROUP BY outcome;

-- name: unread
-- Telegrams since a time that were not understood, and that no later one of their type and office followed.
SELECT address, type, sender, title, reported_ms, fetched_ms, outcome, reason FROM telegrams t
WHERE outcome = 'not_understood' AND fetched_ms >= :since AND NOT EXISTS (
    SELECT 1 FROM telegrams u
    WHERE u.type = t.type AND u.sender = t.sender AND u.id > t.id AND u.outcome = 'counted')
ORDER BY id DESC LIMIT 20;

-- name: begin_state
-- There is always one row to lock.
INSERT INTO hazard_state (id, state, changed_ms) VALUES (1, '', :now) ON CONFLICT (id) DO NOTHING;

-- name: lock_state
-- What is in force, locked for a change.
SELECT state, changed_ms FROM hazard_state WHERE id = 1;

-- name: lock_state [postgresql]
SELECT state, changed_ms FROM hazard_state WHERE id = 1 FOR UPDATE;

-- name: state
-- What is in force.
SELECT state, changed_ms FROM hazard_state WHERE id = 1;

-- name: set_state
-- What is in force from now on.
UPDATE hazard_state SET state = :state, changed_ms = :now WHERE id = 1;

-- name: told
-- What was told of a thread, the newest first; `reached`: somebody got it, or may have.
SELECT m.step, m.telegram, m.rank, m.name, m.broadcast_id, b.state, b.created_ms AS made_ms,
    CASE WHEN EXISTS (SELECT 1 FROM batches t WHERE t.broadcast_id = b.id AND t.state IN ('leased', 'accepted', 'unknown'))
        THEN 1 ELSE 0 END AS reached
FROM hazard_messages m JOIN broadcasts b ON b.id = m.broadcast_id
WHERE m.thread = :thread ORDER BY m.id DESC LIMIT 50;

-- name: tell
-- A broadcast tells a thread.
INSERT INTO hazard_messages (thread, step, telegram, rank, name, broadcast_id, made_ms)
VALUES (:thread, :step, :telegram, :rank, :name, :broadcast_id, :now);

-- name: missed
-- What concerns the town and was issued in a time, the newest first.
SELECT address, type, sender, title, reported_ms, fetched_ms, outcome, reason FROM telegrams
WHERE outcome = 'counted' AND fetched_ms >= :since AND reported_ms >= :since ORDER BY reported_ms DESC LIMIT 20;

-- name: purge
-- Telegrams that no feed names any more and nobody asks for.
DELETE FROM telegrams WHERE fetched_ms < :before;
