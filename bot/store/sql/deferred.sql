-- name: others
-- The other normal broadcasts that have started on a day and count.
SELECT id FROM broadcasts WHERE priority = 0 AND digest = 0 AND started_ms >= :since AND started_ms < :until
  AND id <> :id AND id NOT IN (SELECT broadcast_id FROM hazard_messages) ORDER BY id;

-- name: is_exempt
-- Whether a broadcast tells how a danger falls or ends: it must not come after the next word of it.
SELECT 1 AS yes FROM hazard_messages WHERE broadcast_id = :id;

-- name: recipients
-- Who got or gets these broadcasts (a JSON array), by batches that touch a range of residents.
SELECT r.resident_ids FROM batches b JOIN recipients r ON r.batch_id = b.id
WHERE b.broadcast_id IN (SELECT value FROM json_each(:broadcasts)) AND b.state NOT IN ('failed', 'cancelled')
  AND b.first_resident <= :upto AND b.last_resident > :after;

-- name: recipients [postgresql]
SELECT r.resident_ids FROM batches b JOIN recipients r ON r.batch_id = b.id
WHERE b.broadcast_id IN (SELECT json_array_elements_text(:broadcasts::json)::bigint)
  AND b.state NOT IN ('failed', 'cancelled') AND b.first_resident <= :upto AND b.last_resident > :after;

-- name: defer
-- A resident is spared a message today.
INSERT INTO deferred (resident_id, broadcast_id, message_id) VALUES (:resident_id, :broadcast_id, :message_id);

-- name: waiting
-- Broadcasts of which somebody was spared, and no digest has told it; what is paused may be taken back yet.
SELECT b.id, b.title, min(d.message_id) AS message_id FROM deferred d JOIN broadcasts b ON b.id = d.broadcast_id
WHERE d.digest_id IS NULL AND d.lapsed_ms IS NULL AND b.state IN ('sending', 'done')
GROUP BY b.id, b.title ORDER BY b.id;

-- name: out_of_date
-- Broadcasts that no digest has told and none can tell at a time: what they say is not true any more.
SELECT b.id, count(*) AS residents FROM deferred d JOIN broadcasts b ON b.id = d.broadcast_id
WHERE d.digest_id IS NULL AND d.lapsed_ms IS NULL AND b.useful_until_ms < :goes GROUP BY b.id ORDER BY b.id;

-- name: lapse
-- What nobody will be told of a broadcast.
UPDATE deferred SET lapsed_ms = :now WHERE digest_id IS NULL AND lapsed_ms IS NULL AND broadcast_id = :broadcast;

-- name: take
-- A digest will tell of a broadcast whom it was spared.
UPDATE deferred SET digest_id = :digest WHERE digest_id IS NULL AND lapsed_ms IS NULL AND broadcast_id = :broadcast;

-- name: page
-- What a digest has to tell to whom, within a range of residents.
SELECT r.id, r.user_id, r.language, d.message_id FROM deferred d JOIN residents r ON r.id = d.resident_id
JOIN broadcasts b ON b.id = d.broadcast_id
WHERE d.digest_id = :digest AND r.id > :after AND r.id <= :upto AND r.state = 'following'
  AND b.state NOT IN ('cancelled', 'failed')
ORDER BY r.id, d.broadcast_id;

-- name: page [postgresql]
SELECT r.id, r.user_id, r.language, d.message_id FROM deferred d JOIN residents r ON r.id = d.resident_id
JOIN broadcasts b ON b.id = d.broadcast_id
WHERE d.digest_id = :digest AND r.id > :after AND r.id <= :upto AND r.state = 'following'
  AND b.state NOT IN ('cancelled', 'failed')
ORDER BY r.id, d.broadcast_id FOR SHARE OF r;

-- name: messages
-- Messages (a JSON array of ids) with the titles of their broadcasts.
SELECT m.id, b.title, m.payload FROM messages m JOIN broadcasts b ON b.id = m.broadcast_id
WHERE m.id IN (SELECT value FROM json_each(:ids));

-- name: messages [postgresql]
SELECT m.id, b.title, m.payload FROM messages m JOIN broadcasts b ON b.id = m.broadcast_id
WHERE m.id IN (SELECT json_array_elements_text(:ids::json)::bigint);

-- name: told_by
-- How many residents a digest has something to tell.
SELECT count(DISTINCT d.resident_id) AS n FROM deferred d JOIN residents r ON r.id = d.resident_id
WHERE d.digest_id = :digest AND r.state = 'following';

-- name: spared
-- How many residents were spared a broadcast and a digest tells it, and how many are not told at all.
SELECT count(*) - count(lapsed_ms) AS deferred, count(lapsed_ms) AS lapsed FROM deferred WHERE broadcast_id = :broadcast;

-- name: is_spared
-- Whether one resident was, and the digest that tells it.
SELECT d.digest_id FROM deferred d JOIN residents r ON r.id = d.resident_id
WHERE d.broadcast_id = :broadcast AND r.user_id = :user_id;
