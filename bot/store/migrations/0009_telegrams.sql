-- JMA's feeds: no process looks before due_ms; whoever looks puts it forward first.
CREATE TABLE jma_feeds (
    address       $text PRIMARY KEY,
    due_ms        BIGINT NOT NULL,
    etag          $text,
    modified      $text,
    looked_ms     BIGINT,
    succeeded_ms  BIGINT,
    failures      INTEGER NOT NULL DEFAULT 0,
    failure       $text
) $clustered;

-- Each telegram is fetched once and kept. body is zlib's.
CREATE TABLE telegrams (
    id           $identity,
    address      $text NOT NULL UNIQUE,
    type         $text NOT NULL,
    sender       $text NOT NULL,
    body         $bytes NOT NULL,
    title        $text NOT NULL,
    reported_ms  BIGINT,
    fetched_ms   BIGINT NOT NULL,
    outcome      $text NOT NULL CHECK (outcome IN ('counted', 'elsewhere', 'drill', 'not_understood')),
    reason       $text
);

CREATE INDEX telegrams_by_time ON telegrams (fetched_ms);

-- What is in force, as one JSON text: whoever changes it locks it.
CREATE TABLE hazard_state (
    id          INTEGER PRIMARY KEY CHECK (id = 1),
    state       $text NOT NULL,
    changed_ms  BIGINT NOT NULL
);

-- Which broadcast told what of a thread (a hazard, a river, an earthquake), and by which telegram.
CREATE TABLE hazard_messages (
    id            $identity,
    thread        $text NOT NULL,
    step          $text NOT NULL,
    telegram      $text NOT NULL,
    broadcast_id  BIGINT NOT NULL REFERENCES broadcasts (id) ON DELETE CASCADE,
    made_ms       BIGINT NOT NULL
);

CREATE INDEX hazard_messages_by_thread ON hazard_messages (thread, id);
