-- name: insert
-- A new alert beside its broadcast.
INSERT INTO bus_alerts (broadcast_id, effect, cause, from_ms, until_ms, routes, stops, header, description)
VALUES (:broadcast_id, :effect, :cause, :from_ms, :until_ms, :routes, :stops, :header, :description)
RETURNING id;

-- name: list
-- The newest alerts with the state of their broadcasts.
SELECT a.*, b.state FROM bus_alerts a JOIN broadcasts b ON b.id = a.broadcast_id ORDER BY a.id DESC LIMIT :limit;

-- name: find
-- One alert.
SELECT a.*, b.state FROM bus_alerts a JOIN broadcasts b ON b.id = a.broadcast_id WHERE a.id = :id;

-- name: published
-- What an approved broadcast has told residents, and is not over.
SELECT a.*, b.state FROM bus_alerts a JOIN broadcasts b ON b.id = a.broadcast_id
WHERE b.approver IS NOT NULL AND b.state IN ('sending', 'done')
  AND a.ended_ms IS NULL AND (a.until_ms IS NULL OR a.until_ms > :now)
ORDER BY a.id;

-- name: end
-- An alert is over before its time; a second end changes nothing.
UPDATE bus_alerts SET ended_ms = :now WHERE id = :id AND ended_ms IS NULL;
