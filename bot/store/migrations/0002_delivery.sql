-- A message has an id of its own: where a template uses the resident's facts there is one for each rendering.
CREATE TABLE messages_by_id (
    id            $identity,
    broadcast_id  BIGINT NOT NULL REFERENCES broadcasts (id) ON DELETE CASCADE,
    language      $text NOT NULL,
    digest        $text NOT NULL,
    payload       $text NOT NULL,
    UNIQUE (broadcast_id, language, digest)
);

INSERT INTO messages_by_id (broadcast_id, language, digest, payload)
SELECT broadcast_id, language, '', payload FROM messages;

DROP TABLE messages;

ALTER TABLE messages_by_id RENAME TO messages;

-- The template of a personal message as it was approved.
CREATE TABLE frozen_templates (
    broadcast_id  BIGINT PRIMARY KEY REFERENCES broadcasts (id) ON DELETE CASCADE,
    template      $text NOT NULL
);

-- Residents up to this id are in the audience; who comes later, even back under a new id, is not.
ALTER TABLE broadcasts ADD COLUMN audience_end BIGINT;
ALTER TABLE broadcasts ADD COLUMN everyone INTEGER NOT NULL DEFAULT 0;
ALTER TABLE broadcasts ADD COLUMN unit $text;
ALTER TABLE broadcasts ADD COLUMN paused_by $text;

DROP INDEX broadcasts_open;

CREATE INDEX broadcasts_open ON broadcasts (state, scheduled_ms) WHERE state IN ('scheduled', 'sending', 'paused');
CREATE INDEX broadcasts_by_start ON broadcasts (started_ms) WHERE unit IS NOT NULL;

ALTER TABLE batches ADD COLUMN message_id BIGINT REFERENCES messages (id);
ALTER TABLE batches ADD COLUMN endpoint $text NOT NULL DEFAULT 'multicast';
-- Requests of which nobody knows whether LINE accepted them. At 0 it surely has not, and first_attempt_ms is NULL.
ALTER TABLE batches ADD COLUMN doubts INTEGER NOT NULL DEFAULT 0;

UPDATE batches SET doubts = attempts, message_id = (
    SELECT m.id FROM messages m WHERE m.broadcast_id = batches.broadcast_id AND m.language = batches.language);

ALTER TABLE batches DROP COLUMN language;

-- What is held (see bot/store/outbox.py) stands outside the index through which senders look for work.
DROP INDEX batches_ready;

CREATE INDEX batches_ready ON batches (endpoint, priority DESC, id)
WHERE state = 'ready' AND due_ms < 9007199254740992;
CREATE INDEX batches_in_doubt ON batches (first_attempt_ms) WHERE state = 'ready' AND first_attempt_ms IS NOT NULL;

-- What remains of LINE's rate limits, for all senders together. Times are microseconds of the database's own clock.
CREATE TABLE rates (
    endpoint   $text PRIMARY KEY,
    tokens     DOUBLE PRECISION NOT NULL,
    share      DOUBLE PRECISION NOT NULL,
    at_us      BIGINT NOT NULL,
    slowed_us  BIGINT NOT NULL
);

-- Senders alive, and what keeps each from sending.
CREATE TABLE senders (
    owner    $text PRIMARY KEY,
    seen_ms  BIGINT NOT NULL,
    fault    $text
);
