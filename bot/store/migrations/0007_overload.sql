-- What a resident was spared on a day of many messages, and the digest that tells it.
CREATE TABLE deferred (
    resident_id   BIGINT NOT NULL REFERENCES residents (id) ON DELETE CASCADE,
    broadcast_id  BIGINT NOT NULL REFERENCES broadcasts (id) ON DELETE CASCADE,
    message_id    BIGINT NOT NULL REFERENCES messages (id) ON DELETE CASCADE,
    digest_id     BIGINT REFERENCES broadcasts (id) ON DELETE SET NULL,
    PRIMARY KEY (resident_id, broadcast_id)
) $clustered;

CREATE INDEX deferred_by_broadcast ON deferred (broadcast_id);
CREATE INDEX deferred_by_digest ON deferred (digest_id, resident_id);

-- A digest has no segment to evaluate: its audience is who was spared something.
ALTER TABLE broadcasts ADD COLUMN digest INTEGER NOT NULL DEFAULT 0;

CREATE INDEX broadcasts_of_a_day ON broadcasts (started_ms) WHERE priority = 0 AND digest = 0;
