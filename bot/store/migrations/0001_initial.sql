-- Times are milliseconds since the epoch (UTC). Texts that are compared or sorted are byte-ordered on both
-- databases ($text). $identity never gives an id twice, so an erased resident's id names nobody later.

CREATE TABLE residents (
    id              $identity,
    user_id         $text NOT NULL UNIQUE,
    language        $text NOT NULL,
    state           $text NOT NULL CHECK (state IN ('following', 'stopped', 'blocked')),
    -- LINE's timestamp of the newest follow or unfollow applied: an older one that arrives late is ignored
    state_event_ms  BIGINT NOT NULL DEFAULT 0,
    dialogue        $text,
    created_ms      BIGINT NOT NULL,
    updated_ms      BIGINT NOT NULL
);

CREATE TABLE facts (
    resident_id  BIGINT NOT NULL REFERENCES residents (id) ON DELETE CASCADE,
    key          $text NOT NULL,
    value        $text NOT NULL,
    position     INTEGER NOT NULL,
    PRIMARY KEY (resident_id, key, value)
) $clustered;

CREATE INDEX facts_by_value ON facts (key, value, resident_id);

CREATE TABLE inbox (
    id            $identity,
    event_id      $text NOT NULL UNIQUE,
    user_id       $text,
    message_id    $text,
    timestamp_ms  BIGINT NOT NULL,
    received_ms   BIGINT NOT NULL,
    state         $text NOT NULL CHECK (state IN ('new', 'replying', 'done')),
    raw           $bytes NOT NULL,
    reply_token   $text,
    reply         $text
);

CREATE INDEX inbox_open ON inbox (state, user_id, timestamp_ms) WHERE state <> 'done';
CREATE INDEX inbox_by_user ON inbox (user_id) WHERE user_id IS NOT NULL;
CREATE INDEX inbox_by_age ON inbox (received_ms);

CREATE TABLE broadcasts (
    id              $identity,
    title           $text NOT NULL,
    state           $text NOT NULL,
    segment         $text NOT NULL,
    priority        INTEGER NOT NULL,
    drill           INTEGER NOT NULL,
    template        $text,
    context         $text NOT NULL,
    author          $text NOT NULL,
    approver        $text,
    created_ms      BIGINT NOT NULL,
    approved_ms     BIGINT,
    scheduled_ms    BIGINT,
    started_ms      BIGINT,
    finished_ms     BIGINT,
    -- Residents up to this id are in batches already; the rest follow, also after a restart.
    audience_upto   BIGINT NOT NULL DEFAULT 0,
    audience_done   INTEGER NOT NULL DEFAULT 0,
    failure         $text
);

CREATE INDEX broadcasts_open ON broadcasts (state, scheduled_ms) WHERE state IN ('scheduled', 'sending');

-- What was approved is what is sent: messages are rendered when the broadcast is written, never later.
CREATE TABLE messages (
    broadcast_id  BIGINT NOT NULL REFERENCES broadcasts (id) ON DELETE CASCADE,
    language      $text NOT NULL,
    payload       $text NOT NULL,
    PRIMARY KEY (broadcast_id, language)
);

CREATE TABLE batches (
    id                $identity,
    broadcast_id      BIGINT NOT NULL REFERENCES broadcasts (id) ON DELETE CASCADE,
    language          $text NOT NULL,
    retry_key         $text NOT NULL UNIQUE,
    priority          INTEGER NOT NULL,
    size              INTEGER NOT NULL,
    first_resident    BIGINT NOT NULL,
    last_resident     BIGINT NOT NULL,
    state             $text NOT NULL
                      CHECK (state IN ('ready', 'leased', 'accepted', 'failed', 'unknown', 'cancelled')),
    attempts          INTEGER NOT NULL DEFAULT 0,
    first_attempt_ms  BIGINT,
    due_ms            BIGINT NOT NULL,
    lease_owner       $text,
    lease_until_ms    BIGINT,
    ended_ms          BIGINT,
    request_id        $text,
    reason            $text
);

CREATE INDEX batches_ready ON batches (priority DESC, id) WHERE state = 'ready';
CREATE INDEX batches_leased ON batches (lease_until_ms) WHERE state = 'leased';
CREATE INDEX batches_by_broadcast ON batches (broadcast_id, state);

-- Who is in a batch, joined by commas; apart from `batches`, whose rows change often and stay small.
CREATE TABLE recipients (
    batch_id      BIGINT PRIMARY KEY REFERENCES batches (id) ON DELETE CASCADE,
    resident_ids  $text NOT NULL
);

-- Where LINE is to send it, in the same order. A row goes when its broadcast has ended, so that nothing of an
-- erased resident stays but a number that names nobody.
CREATE TABLE addresses (
    batch_id  BIGINT PRIMARY KEY REFERENCES batches (id) ON DELETE CASCADE,
    user_ids  $text NOT NULL
);

CREATE TABLE notices (
    name        $text PRIMARY KEY,
    checked_ms  BIGINT NOT NULL
);

CREATE TABLE occurrences (
    notice        $text NOT NULL,
    key           $text NOT NULL,
    at_ms         BIGINT NOT NULL,
    state         $text NOT NULL CHECK (state IN ('fired', 'missed')),
    broadcast_id  BIGINT REFERENCES broadcasts (id) ON DELETE SET NULL,
    recorded_ms   BIGINT NOT NULL,
    PRIMARY KEY (notice, key)
);

CREATE TABLE audit (
    id       $identity,
    at_ms    BIGINT NOT NULL,
    actor    $text NOT NULL,
    action   $text NOT NULL,
    subject  $text NOT NULL,
    detail   $text NOT NULL
);

CREATE INDEX audit_by_time ON audit (at_ms);
