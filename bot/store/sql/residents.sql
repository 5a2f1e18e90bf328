-- name: lock
-- One change at a time for a resident; SQLite has a single writer anyway.
SELECT 1;

-- name: lock [postgresql]
SELECT pg_advisory_xact_lock(hashtextextended(:user_id, 0));

-- name: hold
-- Whoever puts this resident into a batch right now does so before, and shows.
SELECT 1;

-- name: hold [postgresql]
SELECT 1 FROM residents WHERE id = :id FOR UPDATE;

-- name: find
-- A resident by LINE user id.
SELECT id, user_id, language, state, state_event_ms, dialogue, calendar_token FROM residents
WHERE user_id = :user_id;

-- name: subscriber
-- The resident whom a link to a calendar belongs to.
SELECT id, user_id, language, state, updated_ms FROM residents WHERE calendar_token = :token;

-- name: neighbours
-- The user ids before and after one in the order of bytes; the longest common beginning is among them.
SELECT user_id FROM (SELECT user_id FROM residents WHERE user_id > :user_id ORDER BY user_id LIMIT 1) AS after
UNION ALL
SELECT user_id FROM (SELECT user_id FROM residents WHERE user_id < :user_id ORDER BY user_id DESC LIMIT 1) AS before;

-- name: facts
-- What one resident has registered, in the order it was added.
SELECT key, value FROM facts WHERE resident_id = :id ORDER BY key, position;

-- name: insert
-- A new resident.
INSERT INTO residents (user_id, language, state, state_event_ms, dialogue, calendar_token, created_ms, updated_ms)
VALUES (:user_id, :language, :state, :state_event_ms, :dialogue, :calendar_token, :now, :now)
RETURNING id;

-- name: known
-- Which of many user ids (a JSON array) are residents.
SELECT user_id FROM residents WHERE user_id IN (SELECT value FROM json_each(:user_ids));

-- name: known [postgresql]
SELECT user_id FROM residents WHERE user_id IN (SELECT json_array_elements_text(:user_ids::json));

-- name: insert_new
-- A new resident, many at a time.
INSERT INTO residents (user_id, language, state, state_event_ms, dialogue, calendar_token, created_ms, updated_ms)
VALUES (:user_id, :language, :state, :state_event_ms, :dialogue, :calendar_token, :now, :now);

-- name: add_fact_of
-- Register one fact of a resident known by user id, many at a time.
INSERT INTO facts (resident_id, key, value, position)
SELECT id, :key, :value, :position FROM residents WHERE user_id = :user_id;

-- name: update
-- A resident's language, state and open dialogue.
UPDATE residents
SET language = :language, state = :state, state_event_ms = :state_event_ms, dialogue = :dialogue,
    calendar_token = :calendar_token, updated_ms = :now
WHERE id = :id;

-- name: clear_facts
-- Remove what a resident has registered.
DELETE FROM facts WHERE resident_id = :id;

-- name: add_fact
-- Register one fact.
INSERT INTO facts (resident_id, key, value, position) VALUES (:id, :key, :value, :position);

-- name: delete
-- Remove a resident; their facts go with them.
DELETE FROM residents WHERE id = :id;

-- name: page
-- Residents in the order of their ids, from after one on.
SELECT id, user_id, language, state FROM residents WHERE id > :after ORDER BY id LIMIT :limit;

-- name: page_facts
-- The facts of one page of residents.
SELECT resident_id, key, value FROM facts
WHERE resident_id > :after AND resident_id <= :upto ORDER BY resident_id, key, position;

-- name: count
-- How many residents a segment reaches.
SELECT count(*) AS n FROM {condition};

-- name: audience
-- The residents a segment reaches, in the order of their ids, within a range of these.
SELECT r.id, r.user_id, r.language FROM {condition} ORDER BY r.id;

-- name: audience_page
-- The residents a segment reaches within a range of ids: parallel lists by language.
SELECT language, '' AS facts, group_concat(id, ',') AS ids, group_concat(user_id, ',') AS user_ids
FROM (SELECT r.id, r.user_id, r.language FROM {condition} ORDER BY r.id)
GROUP BY language;

-- name: audience_page [postgresql]
-- The lock makes a resident who stops at this moment either wait, and then leave their batch, or be left out.
SELECT language, '' AS facts, string_agg(id::text, ',' ORDER BY id) AS ids,
       string_agg(user_id, ',' ORDER BY id) AS user_ids
FROM (SELECT r.id, r.user_id, r.language FROM {condition} FOR SHARE OF r) AS page
GROUP BY language;

-- name: personal_page
-- The same, by language and by the facts (a JSON array of keys) that a personal message is made of.
SELECT language, facts, group_concat(id, ',') AS ids, group_concat(user_id, ',') AS user_ids
FROM (SELECT r.id, r.user_id, r.language, (
        SELECT json_group_array(json_array(key, value)) FROM (
            SELECT key, value FROM facts
            WHERE resident_id = r.id AND key IN (SELECT value FROM json_each(:keys)) ORDER BY key, position)
      ) AS facts FROM {condition} ORDER BY r.id)
GROUP BY language, facts;

-- name: personal_page [postgresql]
SELECT language, facts, string_agg(id::text, ',' ORDER BY id) AS ids,
       string_agg(user_id, ',' ORDER BY id) AS user_ids
FROM (SELECT r.id, r.user_id, r.language, (
        SELECT COALESCE(json_agg(json_build_array(key, value) ORDER BY key, position), '[]')::text FROM facts
        WHERE resident_id = r.id AND key IN (SELECT json_array_elements_text(:keys::json))
      ) AS facts FROM {condition} FOR SHARE OF r) AS page
GROUP BY language, facts;

-- name: following_of
-- Residents by number (a JSON array) who follow the account.
SELECT id, user_id FROM residents
WHERE id IN (SELECT value FROM json_each(:ids)) AND state = 'following' ORDER BY id;

-- name: following_of [postgresql]
SELECT id, user_id FROM residents
WHERE id IN (SELECT json_array_elements_text(:ids::json)::bigint) AND state = 'following' ORDER BY id
FOR SHARE;

-- name: newest
-- The highest id there is.
SELECT COALESCE(max(id), 0) AS id FROM residents;

-- name: totals
-- How many residents there are in each state.
SELECT state, count(*) AS n FROM residents GROUP BY state;

-- name: user_ids_of
-- The user ids of residents by number (a JSON array); who was erased is not among them.
SELECT id, user_id FROM residents WHERE id IN (SELECT value FROM json_each(:ids)) ORDER BY id;

-- name: user_ids_of [postgresql]
SELECT id, user_id FROM residents WHERE id IN (SELECT json_array_elements_text(:ids::json)::bigint) ORDER BY id;
