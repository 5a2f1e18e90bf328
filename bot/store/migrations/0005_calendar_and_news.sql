-- The unguessable part of the link to a resident's own calendar. It stands here as it is, not as a hash: whoever can
-- read this row can read what the link would show, and the resident can be told the same link again.
ALTER TABLE residents ADD COLUMN calendar_token $text;

CREATE UNIQUE INDEX residents_by_calendar ON residents (calendar_token) WHERE calendar_token IS NOT NULL;

-- What the town's calendar said of each entry when it last changed, so that programs which subscribe see the change.
CREATE TABLE calendar_entries (
    uid         $text PRIMARY KEY,
    digest      $text NOT NULL,
    sequence    INTEGER NOT NULL,
    changed_ms  BIGINT NOT NULL
) $clustered;

CREATE TABLE news_feeds (
    address       $text PRIMARY KEY,
    -- No process looks before this time; whoever looks puts it forward first.
    due_ms        BIGINT NOT NULL,
    etag          $text,
    modified      $text,
    -- NULL until the first look that could be read: what is there then is recorded, and nothing of it sent.
    started_ms    BIGINT,
    looked_ms     BIGINT,
    succeeded_ms  BIGINT,
    failures      INTEGER NOT NULL DEFAULT 0,
    failure       $text
) $clustered;

CREATE TABLE news_articles (
    id            $identity,
    feed          $text NOT NULL,
    key           $text NOT NULL,
    -- The same for an article without an id of its own whose link only got another query string.
    likeness      $text NOT NULL,
    title         $text NOT NULL,
    summary       $text NOT NULL,
    link          $text NOT NULL,
    published_ms  BIGINT,
    seen_ms       BIGINT NOT NULL,
    outcome       $text NOT NULL
                  CHECK (outcome IN ('at_once', 'draft', 'digest', 'recorded', 'old', 'nobody', 'failed')),
    rule          $text,
    broadcast_id  BIGINT REFERENCES broadcasts (id) ON DELETE SET NULL,
    UNIQUE (feed, key)
);

CREATE INDEX news_by_likeness ON news_articles (feed, likeness);
CREATE INDEX news_by_time ON news_articles (outcome, seen_ms);
