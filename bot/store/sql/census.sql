-- name: following
-- Who follows the account, up to an id, by language.
SELECT language, group_concat(id, ',') AS ids FROM residents
WHERE state = 'following' AND id <= :upto GROUP BY language;

-- name: following [postgresql]
SELECT language, string_agg(id::text, ',') AS ids FROM residents
WHERE state = 'following' AND id <= :upto GROUP BY language;

-- name: values
-- Every value of a fact that anybody has.
SELECT DISTINCT value FROM facts WHERE key = :key;

-- name: holders
-- Who has a fact, up to an id.
SELECT group_concat(resident_id, ',') AS ids FROM facts WHERE key = :key AND value = :value AND resident_id <= :upto;

-- name: holders [postgresql]
SELECT string_agg(resident_id::text, ',') AS ids FROM facts
WHERE key = :key AND value = :value AND resident_id <= :upto;
