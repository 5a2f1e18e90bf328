-- name: orders
-- The orders in force or ended since, and those whose place they have taken.
SELECT * FROM orders
WHERE state IN ('in_force', 'narrowed') OR ended_ms >= :since AND state IN ('lifted', 'superseded')
   OR superseded_by IN (SELECT id FROM orders WHERE state IN ('in_force', 'narrowed')
                        OR ended_ms >= :since AND state IN ('lifted', 'superseded'))
ORDER BY id;

-- name: changes
-- What became of some orders (a JSON array), in the order it did.
SELECT id, order_id, change, state, districts, broadcast_id, at_ms FROM order_changes
WHERE order_id IN (SELECT value FROM json_each(:orders)) ORDER BY id;

-- name: changes [postgresql]
SELECT id, order_id, change, state, districts, broadcast_id, at_ms FROM order_changes
WHERE order_id IN (SELECT json_array_elements_text(:orders::json)::bigint) ORDER BY id;

-- name: broadcasts
-- What residents have been told since, or what was taken back since while they were being told.
SELECT * FROM broadcasts
WHERE published = 1 AND approver IS NOT NULL AND started_ms IS NOT NULL
  AND (state IN ('sending', 'paused', 'done') AND started_ms >= :since
       OR state = 'cancelled' AND finished_ms >= :cancelled_since)
ORDER BY started_ms, id;

-- name: messages
-- What some broadcasts (a JSON array) say in each language.
SELECT broadcast_id, language, payload FROM messages
WHERE broadcast_id IN (SELECT value FROM json_each(:broadcasts)) ORDER BY broadcast_id, language;

-- name: messages [postgresql]
SELECT broadcast_id, language, payload FROM messages
WHERE broadcast_id IN (SELECT json_array_elements_text(:broadcasts::json)::bigint) ORDER BY broadcast_id, language;
