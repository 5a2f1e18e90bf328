-- name: insert
-- A new broadcast.
INSERT INTO broadcasts (title, state, segment, priority, drill, everyone, digest, template, context, author,
                        approver, created_ms, approved_ms, scheduled_ms, audience, published, useful_until_ms)
VALUES (:title, :state, :segment, :priority, :drill, :everyone, :digest, :template, :context, :author,
        :approver, :created_ms, :approved_ms, :scheduled_ms, :audience, :published, :useful_until_ms)
RETURNING id;

-- name: add_message
-- The rendered messages of a broadcast in one language.
INSERT INTO messages (broadcast_id, language, digest, payload)
VALUES (:broadcast_id, :language, :digest, :payload);

-- name: add_rendering
-- One rendering of a personal message, unless it is there.
INSERT INTO messages (broadcast_id, language, digest, payload)
VALUES (:broadcast_id, :language, :digest, :payload)
ON CONFLICT (broadcast_id, language, digest) DO NOTHING;

-- name: rendering
-- The same bytes are one message, whoever's language they are in.
SELECT min(id) AS id FROM messages WHERE broadcast_id = :broadcast_id AND digest = :digest;

-- name: freeze_template
-- The template of a personal message, as it will be rendered.
INSERT INTO frozen_templates (broadcast_id, template) VALUES (:broadcast_id, :template);

-- name: frozen_template
-- The template of a personal message; none where everybody gets the same.
SELECT template FROM frozen_templates WHERE broadcast_id = :id;

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

-- name: message_ids
-- The messages of a broadcast.
SELECT id, language, digest FROM messages WHERE broadcast_id = :id ORDER BY id;

-- name: set_state
-- Move a broadcast to another state.
UPDATE broadcasts
SET state = :state, approver = :approver, approved_ms = :approved_ms, scheduled_ms = :scheduled_ms,
    started_ms = :started_ms, finished_ms = :finished_ms, failure = :failure,
    unit = :unit, paused_by = :paused_by, audience_end = :audience_end
WHERE id = :id;

-- name: explain
-- Why a broadcast is paused.
UPDATE broadcasts SET failure = :reason WHERE id = :id AND state = 'paused';

-- name: due
-- Scheduled broadcasts whose time has come, the most urgent first. The narrowing of an order waits until everybody has
-- the order itself: else some would read of its end first.
SELECT * FROM broadcasts WHERE state = 'scheduled' AND scheduled_ms <= :now AND NOT EXISTS (
    SELECT 1 FROM order_broadcasts n
    JOIN order_broadcasts e ON e.order_id = n.order_id AND e.broadcast_id < n.broadcast_id
    JOIN broadcasts b ON b.id = e.broadcast_id AND b.state IN ('scheduled', 'sending')
    WHERE n.broadcast_id = broadcasts.id AND n.deed = 'narrow')
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
-- What LINE surely has not accepted is not sent any more; of the rest the answer is awaited.
UPDATE batches SET state = 'cancelled', ended_ms = :now
WHERE broadcast_id = :id AND state = 'ready' AND first_attempt_ms IS NULL;

-- name: leave_unknown
-- But not by sending what was not tried since a restore (see bot/store/settling.py).
UPDATE batches SET state = 'unknown', ended_ms = :now
WHERE broadcast_id = :id AND state = 'ready' AND first_attempt_ms IS NOT NULL AND attempts = 0;

-- name: lock_sending
-- What is being sent, for pausing it.
SELECT * FROM broadcasts WHERE state = 'sending' ORDER BY id;

-- name: lock_sending [postgresql]
SELECT * FROM broadcasts WHERE state = 'sending' ORDER BY id FOR UPDATE;

-- name: paused_by
-- What somebody has paused.
SELECT id FROM broadcasts WHERE state = 'paused' AND paused_by = :by ORDER BY priority DESC, id;

-- name: units_since
-- Broadcasts started since a time that gather statistics under a name.
SELECT count(*) AS n FROM broadcasts WHERE unit IS NOT NULL AND started_ms >= :since;
