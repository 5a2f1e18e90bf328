-- name: lock
-- One drill begins at a time; SQLite has a single writer anyway.
SELECT 1;

-- name: lock [postgresql]
SELECT pg_advisory_xact_lock(5602061);

-- name: begin
-- A drill begins.
INSERT INTO drills (folder, speed, actor, reach, state, started_ms, seen_ms)
VALUES (:folder, :speed, :actor, :reach, 'running', :now, :now) RETURNING id;

-- name: under_way
-- The drills whose process was there lately.
SELECT * FROM drills WHERE state = 'running' AND seen_ms >= :since ORDER BY id;

-- name: seen
-- Its process is there.
UPDATE drills SET seen_ms = :now WHERE id = :id;

-- name: end
-- It is over.
UPDATE drills SET state = :state, reason = :reason, ended_ms = :now, seen_ms = :now WHERE id = :id;

-- name: find
-- One drill.
SELECT * FROM drills WHERE id = :id;

-- name: list
-- The newest drills.
SELECT * FROM drills ORDER BY id DESC LIMIT :limit;

-- name: add_step
-- Telegrams of one time are issued.
INSERT INTO drill_steps (drill_id, files, reported_ms, issued_ms, decided_ms)
VALUES (:drill_id, :files, :reported_ms, :issued_ms, :issued_ms) RETURNING id;

-- name: decided
-- What follows from them is decided.
UPDATE drill_steps SET decided_ms = :now WHERE id = :id;

-- name: written
-- Their broadcasts are durable.
UPDATE drill_steps SET written_ms = :now WHERE id = :id;

-- name: steps
-- The steps of a drill in their order.
SELECT * FROM drill_steps WHERE drill_id = :id ORDER BY id;

-- name: tell
-- A broadcast tells a thread.
INSERT INTO drill_messages (drill_id, step_id, thread, step, telegram, rank, name, broadcast_id)
VALUES (:drill_id, :step_id, :thread, :step, :telegram, :rank, :name, :broadcast_id);

-- name: told
-- What was told of a thread in a drill, the newest first; `reached`: somebody got it, or may have.
SELECT m.step, m.telegram, m.rank, m.name, m.broadcast_id, b.state, b.created_ms AS made_ms,
    CASE WHEN EXISTS (SELECT 1 FROM batches t WHERE t.broadcast_id = b.id AND t.state IN ('leased', 'accepted', 'unknown'))
        THEN 1 ELSE 0 END AS reached
FROM drill_messages m JOIN broadcasts b ON b.id = m.broadcast_id
WHERE m.drill_id = :drill_id AND m.thread = :thread AND m.step_id IS NOT NULL ORDER BY m.id DESC LIMIT 50;

-- name: messages
-- The broadcasts of a drill in their order, and how far each is.
SELECT m.step_id, m.step, m.broadcast_id, b.state, b.audience_done, b.started_ms FROM drill_messages m
JOIN broadcasts b ON b.id = m.broadcast_id WHERE m.drill_id = :id ORDER BY m.id;
