-- name: tables
-- The tables of a SQLite file, less what SQLite and copies keep for themselves.
SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite~_%' ESCAPE '~' AND name <> 'copy_mark'
ORDER BY name;

-- name: columns
-- The columns of a table of a SQLite file, in its order.
SELECT name FROM pragma_table_info(:table) ORDER BY cid;

-- name: parents
-- The tables that a table of a SQLite file refers to.
SELECT DISTINCT "table" AS name FROM pragma_foreign_key_list(:table);

-- name: identities
-- The tables of a SQLite file that never give an id twice.
SELECT name FROM sqlite_master WHERE type = 'table' AND sql LIKE '%AUTOINCREMENT%' ORDER BY name;

-- name: counters
-- The highest id that each of them ever gave.
SELECT name, seq FROM sqlite_sequence;

-- name: forget_counter
-- Before it is set: the table of counters has no key.
DELETE FROM sqlite_sequence WHERE name = :name;

-- name: set_counter
-- The next id is higher than this.
INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :seq);

-- name: counter [postgresql]
-- The highest id that a table ever gave; none for a new one.
SELECT pg_sequence_last_value(pg_get_serial_sequence(:table, 'id')::regclass) AS seq;

-- name: raise_counter [postgresql]
-- The next id of a table is higher than this, and than any it ever gave.
SELECT setval(s.name, GREATEST(:seq, COALESCE(pg_sequence_last_value(s.name), 1)))
FROM (SELECT pg_get_serial_sequence(:table, 'id')::regclass AS name) AS s;

-- name: rows
-- Columns of a table.
SELECT {condition};

-- name: count
-- How many rows a table has.
SELECT count(*) AS n FROM {condition};

-- name: insert
-- A row of a table.
INSERT INTO {condition};

-- name: empty
-- A table without its rows.
DELETE FROM {condition};

-- name: empty [postgresql]
-- All of our tables together: who else refers to them is not emptied, but told of.
TRUNCATE {condition};

-- name: has_schema
-- Whether the ledger of migrations is there.
SELECT count(*) AS n FROM sqlite_master WHERE type = 'table' AND name = 'migrations';

-- name: has_schema [postgresql]
SELECT count(*) AS n FROM (SELECT to_regclass('migrations') AS ledger) AS t WHERE ledger IS NOT NULL;

-- name: ledger
-- The migrations on record.
SELECT version, name FROM migrations ORDER BY version;

-- name: hold_schema [postgresql]
-- Whoever brings the schema up to date waits until this transaction has ended.
SELECT pg_advisory_xact_lock(:number);

-- name: connected [postgresql]
-- Other processes of ours that are connected.
SELECT count(*) AS n FROM pg_stat_activity
WHERE datname = current_database() AND application_name = 'machi-push' AND pid <> pg_backend_pid();

-- name: add_mark
-- Beside the tables a copy says when it was made.
CREATE TABLE IF NOT EXISTS copy_mark (made_ms BIGINT NOT NULL);

-- name: forget_mark
-- What was copied may have been a copy put in place by hand.
DELETE FROM copy_mark;

-- name: mark
-- When this copy was made.
INSERT INTO copy_mark (made_ms) VALUES (:made_ms);

-- name: has_mark
-- Whether a file says when it was made.
SELECT count(*) AS n FROM sqlite_master WHERE type = 'table' AND name = 'copy_mark';

-- name: made
-- When it was.
SELECT min(made_ms) AS made_ms FROM copy_mark;

-- name: drop_mark
-- A database in use has none.
DROP TABLE IF EXISTS copy_mark;

-- name: newest
-- The latest time a file itself speaks of: it was made later.
SELECT max(at_ms) AS made_ms FROM (
    SELECT applied_ms AS at_ms FROM migrations WHERE version = 1
    UNION ALL SELECT at_ms FROM audit
    UNION ALL SELECT seen_ms FROM senders
    UNION ALL SELECT ended_ms FROM batches
    UNION ALL SELECT created_ms FROM broadcasts
    UNION ALL SELECT received_ms FROM inbox
    UNION ALL SELECT updated_ms FROM residents
    UNION ALL SELECT looked_ms FROM news_feeds
    UNION ALL SELECT looked_ms FROM jma_feeds) AS times;

-- name: people
-- Who is registered, and whether they get anything.
SELECT user_id, state = 'following' AS follows FROM residents;

-- name: open_broadcasts
-- What would go out by itself, or is held back already.
SELECT id, state FROM broadcasts WHERE state IN ('scheduled', 'sending', 'paused') ORDER BY id;

-- name: waiting_for_send
-- What staff may believe they have yet to send.
SELECT id FROM broadcasts WHERE state = 'approved' ORDER BY id;

-- name: keep_paused
-- What was paused stays so until staff have looked, whoever paused it.
UPDATE broadcasts SET paused_by = :by, failure = :reason WHERE id = :id AND state = 'paused';

-- name: give_up
-- What was still to be asked of LINE for a broadcast that had ended is not sent again.
UPDATE batches SET state = 'unknown', ended_ms = :now, reason = :reason WHERE state = 'ready'
  AND broadcast_id IN (SELECT id FROM broadcasts WHERE state IN ('done', 'cancelled', 'failed'));

-- name: doubt
-- LINE may have accepted it since the copy was made, and its retry key lives from then.
UPDATE batches SET first_attempt_ms = :copied, doubts = 1, reason = :reason
WHERE state = 'ready' AND first_attempt_ms IS NULL;

-- name: deal_with_notices
-- What fell due since the copy was made is not made up for.
UPDATE notices SET checked_ms = :now WHERE checked_ms < :now;

-- name: drop_deferred
-- A digest may have told it.
DELETE FROM deferred WHERE digest_id IS NULL;

-- name: drop_articles
-- A weekly digest may have told them.
UPDATE news_articles SET outcome = 'recorded' WHERE outcome = 'digest';

-- name: begin_news
-- The next look only learns what is there.
UPDATE news_feeds SET due_ms = :now, etag = NULL, modified = NULL, started_ms = NULL, succeeded_ms = NULL,
    failures = 0, failure = NULL;

-- name: begin_telegrams
-- Likewise.
UPDATE jma_feeds SET due_ms = :now, etag = NULL, modified = NULL, succeeded_ms = NULL, failures = 0, failure = NULL;
