-- Replays of telegrams as drills. Nothing else of the program reads what they leave here.
CREATE TABLE drills (
    id          $identity,
    folder      $text NOT NULL,
    speed       DOUBLE PRECISION NOT NULL,
    actor       $text NOT NULL,
    reach       $text NOT NULL,
    state       $text NOT NULL CHECK (state IN ('running', 'done', 'stopped', 'real', 'undelivered')),
    reason      $text,
    started_ms  BIGINT NOT NULL,
    -- While it runs, the process says again and again that it is there.
    seen_ms     BIGINT NOT NULL,
    ended_ms    BIGINT
);

-- The telegrams of one official time, issued together. files is JSON: name, type, title.
CREATE TABLE drill_steps (
    id           $identity,
    drill_id     BIGINT NOT NULL REFERENCES drills (id) ON DELETE CASCADE,
    files        $text NOT NULL,
    reported_ms  BIGINT NOT NULL,
    issued_ms    BIGINT NOT NULL,
    decided_ms   BIGINT NOT NULL,
    written_ms   BIGINT
);

CREATE INDEX drill_steps_by_drill ON drill_steps (drill_id, id);

-- Which broadcast told what of a thread in a drill; step_id is empty for its closing words.
CREATE TABLE drill_messages (
    id            $identity,
    drill_id      BIGINT NOT NULL REFERENCES drills (id) ON DELETE CASCADE,
    step_id       BIGINT REFERENCES drill_steps (id) ON DELETE CASCADE,
    thread        $text NOT NULL,
    step          $text NOT NULL,
    telegram      $text NOT NULL,
    broadcast_id  BIGINT NOT NULL REFERENCES broadcasts (id) ON DELETE CASCADE
);

CREATE INDEX drill_messages_by_drill ON drill_messages (drill_id, id);

-- What staff hear of when JMA cannot be read: since when it is so, and when they were last told.
CREATE TABLE jma_alarms (
    subject   $text PRIMARY KEY,
    since_ms  BIGINT NOT NULL,
    told_ms   BIGINT
) $clustered;
