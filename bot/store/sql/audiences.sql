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

-- name: but_released
-- And who is not registered in a district (of a JSON array of pairs with a broadcast) that this broadcast told them was
-- released; whoever may not have got that hears again.
 AND r.id NOT IN (
    SELECT f.resident_id
    FROM json_each(:released) x
    JOIN batches b ON b.broadcast_id = json_extract(x.value, '$[1]') JOIN recipients p ON p.batch_id = b.id,
         json_each('[' || p.resident_ids || ']') j
    JOIN facts f ON f.resident_id = CAST(j.value AS INTEGER) AND f.key = :district
                AND f.value = json_extract(x.value, '$[0]')
    WHERE b.state NOT IN ('failed', 'cancelled', 'unknown')
      AND b.last_resident > :after AND b.first_resident <= :upto)

-- name: but_released [postgresql]
 AND r.id NOT IN (
    SELECT f.resident_id
    FROM json_array_elements(:released::json) x
    JOIN batches b ON b.broadcast_id = (x ->> 1)::bigint JOIN recipients p ON p.batch_id = b.id
    CROSS JOIN LATERAL unnest(string_to_array(p.resident_ids, ',')::bigint[]) AS j(id)
    JOIN facts f ON f.resident_id = j.id AND f.key = :district AND f.value = x ->> 0
    WHERE b.state NOT IN ('failed', 'cancelled', 'unknown')
      AND b.last_resident > :after AND b.first_resident <= :upto)

-- name: ids_of
-- The residents among some user ids (a JSON array).
SELECT id, user_id FROM residents WHERE user_id IN (SELECT value FROM json_each(:user_ids));

-- name: ids_of [postgresql]
SELECT id, user_id FROM residents WHERE user_id IN (SELECT json_array_elements_text(:user_ids::json)) FOR SHARE;
