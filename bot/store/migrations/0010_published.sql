-- What becomes of an order, one row for each change that others are told of; districts (JSON) and state are those after
-- it. broadcast_id tells residents of it: none where a higher order has taken its place. Rows are never changed, so what
-- other systems were once given under a row's id stays what it was.
CREATE TABLE order_changes (
    id            $identity,
    order_id      BIGINT NOT NULL REFERENCES orders (id) ON DELETE CASCADE,
    change        $text NOT NULL CHECK (change IN ('issue', 'narrow', 'lift', 'supersede')),
    state         $text NOT NULL,
    districts     $text NOT NULL,
    broadcast_id  BIGINT REFERENCES broadcasts (id) ON DELETE CASCADE,
    at_ms         BIGINT NOT NULL
);

CREATE INDEX order_changes_by_order ON order_changes (order_id, id);

-- Orders that are in force at the upgrade, as they are.
INSERT INTO order_changes (order_id, change, state, districts, broadcast_id, at_ms)
SELECT o.id, 'issue', o.state, o.districts, b.broadcast_id, o.issued_ms
FROM orders o JOIN order_broadcasts b ON b.order_id = o.id AND b.deed = 'issue'
WHERE o.state IN ('in_force', 'narrowed') AND o.issued_ms IS NOT NULL
ORDER BY o.id;

-- Whether a broadcast is also given to other systems: decided when it was written, and shown to who approves it.
ALTER TABLE broadcasts ADD COLUMN published INTEGER NOT NULL DEFAULT 0;

CREATE INDEX broadcasts_published ON broadcasts (started_ms) WHERE published = 1;

-- Alerts of others (CAP), each once. place is where a feed of them had it: it is not fetched there again.
CREATE TABLE cap_alerts (
    id            $identity,
    place         $text UNIQUE,
    source        $text,
    sender        $text NOT NULL,
    identifier    $text NOT NULL,
    sent_ms       BIGINT,
    status        $text NOT NULL,
    message_type  $text NOT NULL,
    headline      $text NOT NULL,
    received_ms   BIGINT NOT NULL,
    outcome       $text NOT NULL CHECK (outcome IN ('draft', 'old', 'again', 'refused')),
    reason        $text,
    broadcast_id  BIGINT REFERENCES broadcasts (id) ON DELETE SET NULL
);

CREATE UNIQUE INDEX cap_alerts_once ON cap_alerts (sender, identifier) WHERE outcome IN ('draft', 'old');
CREATE INDEX cap_alerts_by_time ON cap_alerts (received_ms);
