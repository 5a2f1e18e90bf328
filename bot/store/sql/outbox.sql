-- name: add_batch
-- A batch of recipients, with the retry key all its requests will carry.
INSERT INTO batches (broadcast_id, message_id, endpoint, retry_key, priority, size, first_resident,
                     last_resident, state, due_ms)
VALUES (:broadcast_id, :message_id, :endpoint, :retry_key, :priority, :size, :first_resident,
        :last_resident, 'ready', :due_ms);

-- name: add_recipients
-- Who is in the batch of a retry key.
INSERT INTO recipients (batch_id, resident_ids) SELECT id, :resident_ids FROM batches WHERE retry_key = :retry_key;

-- name: add_addresses
-- Where LINE is to send it.
INSERT INTO addresses (batch_id, user_ids_json) SELECT id, :user_ids_json FROM batches WHERE retry_key = :retry_key;

-- name: unfilled
-- Held batches of a broadcast that have room for more recipients of the same message.
SELECT id, message_id, size, first_resident FROM batches
WHERE broadcast_id = :id AND state = 'ready' AND due_ms = 9007199254740992 AND first_attempt_ms IS NULL
  AND size BETWEEN 1 AND :room;

-- name: unfilled [postgresql]
SELECT id, message_id, size, first_resident FROM batches
WHERE broadcast_id = :id AND state = 'ready' AND due_ms = 9007199254740992 AND first_attempt_ms IS NULL
  AND size BETWEEN 1 AND :room
FOR UPDATE;

-- name: fill
-- More recipients for a held batch.
UPDATE batches SET size = size + :more, last_resident = :last_resident, endpoint = 'multicast', due_ms = :due_ms
WHERE id = :id;

-- name: fill_recipients
-- Who they are.
UPDATE recipients SET resident_ids = resident_ids || ',' || :resident_ids WHERE batch_id = :id;

-- name: fill_addresses
-- Where LINE is to send it.
UPDATE addresses SET user_ids_json = user_ids_json || ',' || :user_ids_json WHERE batch_id = :id;

-- name: let_go
-- What was held may be sent.
UPDATE batches SET due_ms = :due_ms WHERE broadcast_id = :id AND state = 'ready' AND due_ms = 9007199254740992;

-- name: hold
-- What waits may not be sent until it is let go.
UPDATE batches SET due_ms = 9007199254740992 WHERE broadcast_id = :id AND state = 'ready';

-- name: is_under_way
-- Whether anything of a broadcast may be sent or has been.
SELECT 1 AS yes FROM batches
WHERE broadcast_id = :id AND NOT (state = 'ready' AND due_ms = 9007199254740992) LIMIT 1;

-- name: messages
-- What batches say (a JSON array of messages' ids), and the name their statistics are gathered under.
SELECT m.id, m.payload, b.unit FROM messages m JOIN broadcasts b ON b.id = m.broadcast_id
WHERE m.id IN (SELECT value FROM json_each(:ids));

-- name: messages [postgresql]
SELECT m.id, m.payload, b.unit FROM messages m JOIN broadcasts b ON b.id = m.broadcast_id
WHERE m.id IN (SELECT json_array_elements_text(:ids::json)::bigint);

-- name: forget_addresses
-- Batches that have ended need no addresses; of so many of them they go at once. CROSS JOIN: by way of the addresses,
-- which are few; the batches are all there ever were. https://www.sqlite.org/optoverview.html#crossjoin
DELETE FROM addresses WHERE batch_id IN (
    SELECT a.batch_id FROM addresses a CROSS JOIN batches b ON b.id = a.batch_id
    WHERE b.state NOT IN ('ready', 'leased') LIMIT :most);

-- name: forget_addresses [postgresql]
-- A batch that is being made a new one meanwhile has new addresses: its state is looked at again once it is locked.
DELETE FROM addresses WHERE batch_id IN (
    SELECT a.batch_id FROM addresses a CROSS JOIN LATERAL (
        SELECT 1 FROM batches b WHERE b.id = a.batch_id AND b.state NOT IN ('ready', 'leased')
        FOR UPDATE SKIP LOCKED) AS ended
    LIMIT :most);

-- name: forget_addresses_of
-- The same of batches that a resident may be in, all of them. The number 0 stands for staff, who need not be residents.
DELETE FROM addresses WHERE batch_id IN (
    SELECT a.batch_id FROM addresses a CROSS JOIN batches b ON b.id = a.batch_id
    WHERE b.state NOT IN ('ready', 'leased')
      AND (b.first_resident <= :id AND b.last_resident >= :id OR b.first_resident = 0));

-- name: forget_addresses_of [postgresql]
DELETE FROM addresses WHERE batch_id IN (
    SELECT a.batch_id FROM addresses a CROSS JOIN LATERAL (
        SELECT 1 FROM batches b WHERE b.id = a.batch_id AND b.state NOT IN ('ready', 'leased')
          AND (b.first_resident <= :id AND b.last_resident >= :id OR b.first_resident = 0)
        FOR UPDATE SKIP LOCKED) AS ended);

-- name: work
-- Which endpoints have something to send soon, how urgent; also what is about to be gathered (endpoint '').
SELECT * FROM (SELECT endpoint, priority FROM batches
    WHERE state = 'ready' AND due_ms < 9007199254740992 AND due_ms <= :soon AND endpoint = 'multicast'
      AND broadcast_id NOT IN (SELECT id FROM broadcasts WHERE state = 'paused')
    ORDER BY priority DESC LIMIT 1) AS multicasts
UNION ALL
SELECT * FROM (SELECT endpoint, priority FROM batches
    WHERE state = 'ready' AND due_ms < 9007199254740992 AND due_ms <= :soon AND endpoint = 'push'
      AND broadcast_id NOT IN (SELECT id FROM broadcasts WHERE state = 'paused')
    ORDER BY priority DESC LIMIT 1) AS pushes
UNION ALL
SELECT * FROM (SELECT endpoint, priority FROM batches
    WHERE state = 'ready' AND due_ms < 9007199254740992 AND due_ms <= :soon AND endpoint = 'broadcast'
      AND broadcast_id NOT IN (SELECT id FROM broadcasts WHERE state = 'paused')
    ORDER BY priority DESC LIMIT 1) AS broadcasts_to_all
UNION ALL
SELECT '', max(priority) FROM broadcasts WHERE state = 'sending' AND audience_done = 0 HAVING max(priority) > 0;

-- name: next
-- The most urgent of the batches that wait: their ids, as a JSON array.
-- One row for all: on SQLite each row gives the interpreter's lock away, which is hard to win back from the sender.
SELECT json_group_array(id) AS ids
FROM (SELECT id FROM batches
      WHERE state = 'ready' AND due_ms < 9007199254740992 AND due_ms <= :now AND endpoint = :endpoint
        AND priority >= :floor AND broadcast_id NOT IN (SELECT id FROM broadcasts WHERE state = 'paused')
        AND (first_attempt_ms IS NULL OR first_attempt_ms > :horizon)
      ORDER BY priority DESC, id LIMIT :limit);

-- name: next [postgresql]
SELECT COALESCE(json_agg(id), '[]') AS ids
FROM (SELECT id FROM batches
      WHERE state = 'ready' AND due_ms < 9007199254740992 AND due_ms <= :now AND endpoint = :endpoint
        AND priority >= :floor AND broadcast_id NOT IN (SELECT id FROM broadcasts WHERE state = 'paused')
        AND (first_attempt_ms IS NULL OR first_attempt_ms > :horizon)
      ORDER BY priority DESC, id LIMIT :limit
      FOR UPDATE SKIP LOCKED) AS waiting;

-- name: claim
-- Lease batches (a JSON array of ids); counts as an attempt before any request is made.
UPDATE batches
SET state = 'leased', lease_owner = :owner, lease_until_ms = :lease_until, attempts = attempts + 1,
    doubts = doubts + 1, first_attempt_ms = COALESCE(first_attempt_ms, :now)
WHERE id IN (SELECT value FROM json_each(:ids)) AND state = 'ready';

-- name: claim [postgresql]
UPDATE batches
SET state = 'leased', lease_owner = :owner, lease_until_ms = :lease_until, attempts = attempts + 1,
    doubts = doubts + 1, first_attempt_ms = COALESCE(first_attempt_ms, :now)
WHERE id = ANY (ARRAY(SELECT json_array_elements_text(:ids::json)::bigint)) AND state = 'ready';

-- name: leased
-- Batches that a sender holds, of some (a JSON array of ids), with their addresses as bytes; there are none if all have
-- left.
SELECT b.id, b.broadcast_id, b.message_id, b.retry_key, b.priority, b.size, b.attempts, b.first_attempt_ms,
       COALESCE(CAST(a.user_ids_json AS BLOB), x'') AS user_ids, b.endpoint
FROM batches b LEFT JOIN addresses a ON a.batch_id = b.id
WHERE b.id IN (SELECT value FROM json_each(:ids)) AND b.state = 'leased' AND b.lease_owner = :owner;

-- name: leased [postgresql]
SELECT b.id, b.broadcast_id, b.message_id, b.retry_key, b.priority, b.size, b.attempts, b.first_attempt_ms,
       COALESCE(convert_to(a.user_ids_json, 'UTF8'), '') AS user_ids, b.endpoint
FROM batches b LEFT JOIN addresses a ON a.batch_id = b.id
WHERE b.id = ANY (ARRAY(SELECT json_array_elements_text(:ids::json)::bigint))
  AND b.state = 'leased' AND b.lease_owner = :owner;

-- name: broadcasts_of
-- Of which broadcasts some batches (a JSON array of ids) are, in order.
SELECT DISTINCT broadcast_id FROM batches WHERE id IN (SELECT value FROM json_each(:ids)) ORDER BY broadcast_id;

-- name: broadcasts_of [postgresql]
SELECT DISTINCT broadcast_id FROM batches
WHERE id = ANY (ARRAY(SELECT json_array_elements_text(:ids::json)::bigint)) ORDER BY broadcast_id;

-- name: end
-- Batches have their final answers. A lease lost meanwhile does not matter: the answer is LINE's.
WITH e (id, retry_key, state, now, request_id, reason)
AS (VALUES (:id, :retry_key, :state, :now, :request_id, :reason))
UPDATE batches
SET state = e.state, ended_ms = e.now, request_id = e.request_id, reason = e.reason,
    lease_owner = NULL, lease_until_ms = NULL
FROM e
WHERE batches.id = e.id AND batches.retry_key = e.retry_key AND +batches.state IN ('ready', 'leased');

-- name: end [postgresql]
-- One at a time, by its key: for many together the planner reads the whole table.
UPDATE batches
SET state = :state, ended_ms = :now, request_id = :request_id, reason = :reason,
    lease_owner = NULL, lease_until_ms = NULL
WHERE id = :id AND state IN ('ready', 'leased') AND retry_key = :retry_key;

-- name: retry
-- LINE may have accepted it: the batch waits and goes out again under the same key.
UPDATE batches
SET state = 'ready', due_ms = :due_ms, reason = :reason, lease_owner = NULL, lease_until_ms = NULL
WHERE id = :id AND state = 'leased' AND lease_owner = :owner;

-- name: give_back
-- LINE surely did not accept this request. If no earlier one is in doubt either, nothing has been sent.
UPDATE batches
SET state = 'ready', due_ms = :due_ms, reason = :reason, lease_owner = NULL, lease_until_ms = NULL,
    doubts = doubts - 1, first_attempt_ms = CASE WHEN doubts > 1 THEN first_attempt_ms END
WHERE id = :id AND state = 'leased' AND lease_owner = :owner;

-- name: cancel_if_called_off
-- Of a cancelled broadcast nothing more goes out but what LINE may have accepted already.
UPDATE batches SET state = 'cancelled', ended_ms = :now
WHERE broadcast_id = :broadcast_id AND state = 'ready' AND first_attempt_ms IS NULL
  AND EXISTS (SELECT 1 FROM broadcasts WHERE id = :broadcast_id AND broadcasts.state IN ('cancelled', 'failed'));

-- name: open
-- A batch that has no final answer, for dividing it.
SELECT b.broadcast_id, b.message_id, b.priority, r.resident_ids, a.user_ids_json
FROM batches b JOIN recipients r ON r.batch_id = b.id JOIN addresses a ON a.batch_id = b.id
WHERE b.id = :id AND b.state IN ('ready', 'leased') AND b.retry_key = :retry_key;

-- name: open [postgresql]
SELECT b.broadcast_id, b.message_id, b.priority, r.resident_ids, a.user_ids_json
FROM batches b JOIN recipients r ON r.batch_id = b.id JOIN addresses a ON a.batch_id = b.id
WHERE b.id = :id AND b.state IN ('ready', 'leased') AND b.retry_key = :retry_key
FOR UPDATE OF b;

-- name: renew_key
-- A batch that LINE surely has not accepted goes out as a new one: with another key, perhaps to fewer.
UPDATE batches
SET state = 'ready', retry_key = :retry_key, size = :size, endpoint = :endpoint, first_resident = :first_resident,
    last_resident = :last_resident, due_ms = :due_ms, doubts = 0, first_attempt_ms = NULL, ended_ms = NULL,
    reason = :reason, lease_owner = NULL, lease_until_ms = NULL
WHERE id = :id AND state IN ('ready', 'leased', 'unknown');

-- name: set_recipients
-- Who is in a batch from now on.
UPDATE recipients SET resident_ids = :resident_ids WHERE batch_id = :id;

-- name: set_addresses
-- Where LINE is to send it; a batch that had ended has none.
INSERT INTO addresses (batch_id, user_ids_json) VALUES (:id, :user_ids_json)
ON CONFLICT (batch_id) DO UPDATE SET user_ids_json = excluded.user_ids_json;

-- name: waiting_with
-- Batches that a resident may be in and that LINE surely has not accepted, or may have before a restore alone: if
-- it has, it answers the key by that, whoever is named. CROSS JOIN: by way of the addresses, which are few.
SELECT b.id, r.resident_ids, a.user_ids_json
FROM addresses a CROSS JOIN batches b ON b.id = a.batch_id JOIN recipients r ON r.batch_id = b.id
WHERE b.state = 'ready' AND (b.first_attempt_ms IS NULL OR b.attempts = 0) AND b.first_resident <= :id AND b.last_resident >= :id;

-- name: waiting_with [postgresql]
SELECT b.id, r.resident_ids, a.user_ids_json
FROM batches b JOIN recipients r ON r.batch_id = b.id JOIN addresses a ON a.batch_id = b.id
WHERE b.state = 'ready' AND (b.first_attempt_ms IS NULL OR b.attempts = 0) AND b.first_resident <= :id AND b.last_resident >= :id
FOR UPDATE;

-- name: set_size
-- A batch that somebody has left.
UPDATE batches SET size = :size, endpoint = :endpoint WHERE id = :id;

-- name: unknown
-- Batches of a broadcast that LINE never answered.
SELECT b.id, b.endpoint, b.size, r.resident_ids FROM batches b JOIN recipients r ON r.batch_id = b.id
WHERE b.broadcast_id = :id AND b.state = 'unknown' ORDER BY b.id;

-- name: renew_leases
-- Leases (a JSON array of batch ids) whose holder is at work.
UPDATE batches SET lease_until_ms = :lease_until
WHERE state = 'leased' AND lease_owner = :owner AND id IN (SELECT value FROM json_each(:ids));

-- name: renew_leases [postgresql]
UPDATE batches SET lease_until_ms = :lease_until
WHERE state = 'leased' AND lease_owner = :owner AND id IN (SELECT json_array_elements_text(:ids::json)::bigint);

-- name: overdue
-- Whether a lease has run out, or a batch has waited for an answer past the horizon of its retry key.
SELECT 1 AS yes FROM batches WHERE state = 'leased' AND lease_until_ms <= :now
UNION ALL
SELECT 1 FROM batches WHERE state = 'ready' AND first_attempt_ms <= :horizon LIMIT 1;

-- name: release_expired
-- Leases whose holder is gone.
UPDATE batches SET state = 'ready', due_ms = :now, lease_owner = NULL, lease_until_ms = NULL
WHERE state = 'leased' AND lease_until_ms <= :now;

-- name: release_all
-- After a restart of the only sender, no lease has a holder.
UPDATE batches SET state = 'ready', due_ms = :now, lease_owner = NULL, lease_until_ms = NULL
WHERE state = 'leased';

-- name: release_own
-- A sender that stops holds nothing.
UPDATE batches SET state = 'ready', due_ms = :now, lease_owner = NULL, lease_until_ms = NULL
WHERE state = 'leased' AND lease_owner = :owner;

-- name: next_due
-- When the next waiting batch may go.
SELECT min(due_ms) AS due_ms FROM batches
WHERE state = 'ready' AND due_ms < 9007199254740992 AND priority >= :floor
  AND broadcast_id NOT IN (SELECT id FROM broadcasts WHERE state = 'paused');

-- name: hasten
-- LINE answers again: what waited for its next attempt may go.
UPDATE batches SET due_ms = :now WHERE state = 'ready' AND due_ms < 9007199254740992 AND due_ms > :now;

-- name: expire
-- Past the horizon of the retry key a batch without an answer is never sent again by itself.
UPDATE batches SET state = 'unknown', ended_ms = :now, reason = COALESCE(reason, :reason),
    lease_owner = NULL, lease_until_ms = NULL
WHERE state = 'ready' AND first_attempt_ms <= :horizon;

-- name: leave_overtaken
-- Newer word goes out (then a cancelled broadcast has a reason): what LINE never answered of this is not sent once more.
UPDATE batches SET state = 'unknown', ended_ms = :now
WHERE state = 'ready' AND first_attempt_ms IS NOT NULL
  AND broadcast_id IN (SELECT id FROM broadcasts WHERE state = 'cancelled' AND failure IS NOT NULL);

-- name: backlog
-- Batches not yet ended.
SELECT b.state, count(*) AS batches, COALESCE(sum(b.size), 0) AS residents
FROM broadcasts CROSS JOIN batches b
WHERE b.broadcast_id = broadcasts.id AND b.state IN ('ready', 'leased') GROUP BY b.state;

-- name: rates
-- What remains of the rate limits, for one sender at a time, and the time.
SELECT endpoint, tokens, share, at_us, slowed_us,
       CAST((julianday('now') - 2440587.5) * 86400000000.0 AS INTEGER) AS now_us FROM rates;

-- name: rates [postgresql]
SELECT endpoint, tokens, share, at_us, slowed_us,
       (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS now_us
FROM rates ORDER BY endpoint FOR UPDATE;

-- name: open_rates
-- The first sender finds none.
INSERT INTO rates (endpoint, tokens, share, at_us, slowed_us) VALUES (:endpoint, :tokens, 1, 0, 0)
ON CONFLICT (endpoint) DO NOTHING;

-- name: set_rate
-- What remains of one.
UPDATE rates SET tokens = :tokens, share = :share, at_us = :at_us, slowed_us = :slowed_us WHERE endpoint = :endpoint;

-- name: seen
-- A sender is alive, with what keeps it from sending.
INSERT INTO senders (owner, seen_ms, fault) VALUES (:owner, :now, :fault)
ON CONFLICT (owner) DO UPDATE SET seen_ms = excluded.seen_ms, fault = excluded.fault;

-- name: forget_senders
-- Those gone for long, and one that stops.
DELETE FROM senders WHERE seen_ms < :before OR owner = :owner;

-- name: senders
-- Who was seen since a time.
SELECT owner, fault FROM senders WHERE seen_ms >= :since ORDER BY owner;
