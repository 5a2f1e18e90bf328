-- name: told
-- What stands behind FROM for whoever got (or may have got) one of some broadcasts (a JSON array of ids).
residents r WHERE r.state = 'following' AND r.id > :after AND r.id <= :upto AND r.id IN (
    SELECT CAST(j.value AS INTEGER)
    FROM batches b JOIN recipients p ON p.batch_id = b.id, json_each('[' || p.resident_ids || ']') j
    WHERE b.broadcast_id IN (SELECT value FROM json_each(:told)) AND b.state NOT IN ('failed', 'cancelled')
      AND b.last_resident > :after AND b.first_resident <= :upto)

-- name: told [postgresql]
residents r WHERE r.state = 'following' AND r.id > :after AND r.id <= :upto AND r.id IN (
    SELECT unnest(string_to_array(p.resident_ids, ','))::bigint
    FROM batches b JOIN recipients p ON p.batch_id = b.id
    WHERE b.broadcast_id IN (SELECT json_array_elements_text(:told::json)::bigint)
      AND b.state NOT IN ('failed', 'cancelled') AND b.last_resident > :after AND b.first_resident <= :upto)

-- name: told_or_meant
-- The same for them and for whom a segment means: two such texts, put in as they are named.
residents r WHERE r.id > :after AND r.id <= :upto
  AND (r.id IN (SELECT r.id FROM {told}) OR r.id IN (SELECT r.id FROM {meant}))

-- name: ids_of
-- The residents among some user ids (a JSON array).
SELECT id, user_id FROM residents WHERE user_id IN (SELECT value FROM json_each(:user_ids));

-- name: ids_of [postgresql]
SELECT id, user_id FROM residents WHERE user_id IN (SELECT json_array_elements_text(:user_ids::json)) FOR SHARE;
