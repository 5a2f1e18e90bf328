-- name: add_feed
-- A feed seen for the first time is due at once.
INSERT INTO news_feeds (address, due_ms) VALUES (:address, :now) ON CONFLICT (address) DO NOTHING;

-- name: claim
-- Of many processes one looks at a feed that is due; the others find it put forward.
UPDATE news_feeds SET due_ms = :next, looked_ms = :now WHERE address = :address AND due_ms <= :now;

-- name: feed
-- What is known of a feed.
SELECT address, due_ms, etag, modified, started_ms, looked_ms, succeeded_ms, failures, failure
FROM news_feeds WHERE address = :address;

-- name: succeed
-- A look that could be read. What came with an answer that had nothing new is kept.
UPDATE news_feeds SET etag = :etag, modified = :modified, started_ms = COALESCE(started_ms, :now),
    succeeded_ms = :now, failures = 0, failure = NULL
WHERE address = :address;

-- name: fail
-- A look that could not; the next is later each time.
UPDATE news_feeds SET failures = failures + 1, failure = :failure, due_ms = :next WHERE address = :address;

-- name: known
-- Which articles of a feed are known already, by key or by likeness (JSON arrays).
SELECT key, likeness FROM news_articles
WHERE feed = :feed AND (key IN (SELECT value FROM json_each(:keys))
                        OR likeness IN (SELECT value FROM json_each(:likenesses)));

-- name: known [postgresql]
SELECT key, likeness FROM news_articles
WHERE feed = :feed AND (key IN (SELECT json_array_elements_text(:keys::json))
                        OR likeness IN (SELECT json_array_elements_text(:likenesses::json)));

-- name: add
-- An article is seen once: a second time changes nothing.
INSERT INTO news_articles (feed, key, likeness, title, summary, link, published_ms, seen_ms, outcome, rule)
VALUES (:feed, :key, :likeness, :title, :summary, :link, :published_ms, :now, :outcome, :rule)
ON CONFLICT (feed, key) DO NOTHING;

-- name: link
-- The broadcast an article became.
UPDATE news_articles SET broadcast_id = :broadcast_id WHERE feed = :feed AND key = :key;

-- name: newest
-- The latest articles, the newest first.
SELECT title, summary, link, published_ms, seen_ms, outcome, rule, broadcast_id FROM news_articles
ORDER BY seen_ms DESC, id DESC LIMIT :limit;

-- name: for_digest
-- What was kept for the weekly digest in a span of time, the oldest first.
SELECT title, summary, link, published_ms, seen_ms, outcome, rule, broadcast_id FROM news_articles
WHERE outcome = 'digest' AND seen_ms >= :first AND seen_ms < :before ORDER BY seen_ms, id;

-- name: outcomes
-- How many articles became what.
SELECT outcome, count(*) AS n FROM news_articles WHERE feed = :feed GROUP BY outcome;
