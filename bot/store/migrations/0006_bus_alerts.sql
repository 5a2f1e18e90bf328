-- What staff tell of routes and stops, beside the broadcast that tells residents. Lists and texts are JSON.

CREATE TABLE bus_alerts (
    id            $identity,
    broadcast_id  BIGINT NOT NULL UNIQUE REFERENCES broadcasts (id) ON DELETE CASCADE,
    effect        INTEGER NOT NULL,
    cause         INTEGER NOT NULL,
    from_ms       BIGINT NOT NULL,
    until_ms      BIGINT,
    routes        $text NOT NULL,
    stops         $text NOT NULL,
    header        $text NOT NULL,
    description   $text NOT NULL,
    ended_ms      BIGINT
);
