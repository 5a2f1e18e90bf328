-- name: set
-- What staff say of a shelter.
INSERT INTO shelter_states (shelter_id, state, actor, at_ms) VALUES (:shelter_id, :state, :actor, :at_ms)
ON CONFLICT (shelter_id) DO UPDATE SET state = excluded.state, actor = excluded.actor, at_ms = excluded.at_ms;

-- name: all
-- What was last said of every shelter.
SELECT shelter_id, state, actor, at_ms FROM shelter_states ORDER BY shelter_id;
