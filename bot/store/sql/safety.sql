-- name: answer
-- How a resident is. Where they are is told anew, but what they told of it stays while they are as before.
INSERT INTO safety (resident_id, state, place, latitude, longitude, at_ms)
VALUES (:resident_id, :state, :place, :latitude, :longitude, :at_ms)
ON CONFLICT (resident_id) DO UPDATE SET state = excluded.state, at_ms = excluded.at_ms,
    place = COALESCE(excluded.place, CASE WHEN safety.state = excluded.state THEN safety.place END),
    latitude = COALESCE(excluded.latitude, CASE WHEN safety.state = excluded.state THEN safety.latitude END),
    longitude = COALESCE(excluded.longitude, CASE WHEN safety.state = excluded.state THEN safety.longitude END);

-- name: add_words
-- Where somebody is who has said how they are, in words.
UPDATE safety SET place = :place, at_ms = :at_ms WHERE resident_id = :resident_id;

-- name: add_place
-- Where somebody is who has said how they are, on the map.
UPDATE safety SET latitude = :latitude, longitude = :longitude, at_ms = :at_ms WHERE resident_id = :resident_id;

-- name: list
-- Every answer, who needs help first, then the newest.
SELECT r.user_id, r.language, s.state, s.place, s.latitude, s.longitude, s.at_ms, (
    SELECT min(f.value) FROM facts f WHERE f.resident_id = r.id AND f.key = 'district') AS district
FROM safety s JOIN residents r ON r.id = s.resident_id
ORDER BY CASE s.state WHEN 'help' THEN 0 ELSE 1 END, s.at_ms DESC, s.resident_id;

-- name: counts
-- How many have answered what, by district.
SELECT s.state, (
    SELECT min(f.value) FROM facts f WHERE f.resident_id = s.resident_id AND f.key = 'district') AS district,
    count(*) AS n
FROM safety s GROUP BY 1, 2 ORDER BY 2, 1;

-- name: purge
-- Answers past their retention.
DELETE FROM safety WHERE at_ms < :before;

-- name: erase
-- Every answer.
DELETE FROM safety;
