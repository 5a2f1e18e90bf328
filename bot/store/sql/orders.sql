-- name: lock
-- One change of orders at a time; SQLite has a single writer anyway.
SELECT 1;

-- name: lock [postgresql]
SELECT pg_advisory_xact_lock(5602060);

-- name: insert
-- A new order.
INSERT INTO orders (level, hazard, districts, reasons, state, reach, drill, scenario, author, created_ms)
VALUES (:level, :hazard, :districts, :reasons, :state, :reach, :drill, :scenario, :author, :created_ms)
RETURNING id;

-- name: add_broadcast
-- What a broadcast does to an order once it is approved.
INSERT INTO order_broadcasts (broadcast_id, order_id, deed, districts)
VALUES (:broadcast_id, :order_id, :deed, :districts);

-- name: find
-- One order.
SELECT * FROM orders WHERE id = :id;

-- name: list
-- The newest orders.
SELECT * FROM orders ORDER BY id DESC LIMIT :limit;

-- name: active
-- The orders in force, oldest first.
SELECT * FROM orders WHERE state IN ('in_force', 'narrowed') ORDER BY id;

-- name: superseded_by
-- The orders whose place an order has taken.
SELECT * FROM orders WHERE superseded_by = :id ORDER BY id;

-- name: broadcasts
-- The broadcasts of an order, oldest first, with their states.
SELECT o.broadcast_id, o.order_id, o.deed, o.districts, b.state
FROM order_broadcasts o JOIN broadcasts b ON b.id = o.broadcast_id
WHERE o.order_id = :id ORDER BY o.broadcast_id;

-- name: of_broadcast
-- What a broadcast does to which order; none for most broadcasts.
SELECT broadcast_id, order_id, deed, districts FROM order_broadcasts WHERE broadcast_id = :id;

-- name: set_state
-- Move an order along.
UPDATE orders
SET state = :state, districts = :districts, approver = :approver, alone = :alone, issued_ms = :issued_ms,
    ended_ms = :ended_ms, superseded_by = :superseded_by
WHERE id = :id;

-- name: add_change
-- A change of an order that others are told of.
INSERT INTO order_changes (order_id, change, state, districts, broadcast_id, at_ms)
VALUES (:order_id, :change, :state, :districts, :broadcast_id, :at_ms);

-- name: changes
-- What became of an order, with the broadcast that told residents of it: where a higher order took its place, that
-- order's, whose change is the next `issue`, as orders change one at a time.
SELECT c.districts, COALESCE(c.broadcast_id, (
    SELECT n.broadcast_id FROM order_changes n WHERE n.id > c.id AND n.change = 'issue' ORDER BY n.id LIMIT 1
  )) AS broadcast_id
FROM order_changes c WHERE c.order_id = :id ORDER BY c.id;
