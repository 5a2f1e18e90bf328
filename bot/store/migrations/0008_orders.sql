-- The town's own evacuation orders. Districts (JSON) are those it holds for now; reasons are JSON by language.
CREATE TABLE orders (
    id             $identity,
    level          INTEGER NOT NULL CHECK (level IN (3, 4, 5)),
    hazard         $text NOT NULL,
    districts      $text NOT NULL,
    reasons        $text NOT NULL,
    state          $text NOT NULL
                   CHECK (state IN ('draft', 'in_force', 'narrowed', 'superseded', 'lifted', 'cancelled')),
    reach          $text NOT NULL CHECK (reach IN ('topic', 'district', 'all', 'everyone', 'staff')),
    drill          INTEGER NOT NULL,
    scenario       $text,
    author         $text NOT NULL,
    approver       $text,
    -- Its author approved it, there being nobody else.
    alone          INTEGER NOT NULL DEFAULT 0,
    created_ms     BIGINT NOT NULL,
    issued_ms      BIGINT,
    ended_ms       BIGINT,
    superseded_by  BIGINT REFERENCES orders (id)
);

CREATE INDEX orders_in_force ON orders (state) WHERE state IN ('in_force', 'narrowed');

-- What each broadcast of an order does once it is approved; districts (JSON) are those the order holds for then.
CREATE TABLE order_broadcasts (
    broadcast_id  BIGINT PRIMARY KEY REFERENCES broadcasts (id) ON DELETE CASCADE,
    order_id      BIGINT NOT NULL REFERENCES orders (id) ON DELETE CASCADE,
    deed          $text NOT NULL CHECK (deed IN ('issue', 'narrow', 'lift')),
    districts     $text NOT NULL
);

CREATE INDEX order_broadcasts_by_order ON order_broadcasts (order_id);

-- Who a broadcast goes to where no segment says it (JSON): staff, or whoever got other broadcasts.
ALTER TABLE broadcasts ADD COLUMN audience $text;

-- What staff last said of a shelter; of the others nobody knows.
CREATE TABLE shelter_states (
    shelter_id  $text PRIMARY KEY,
    state       $text NOT NULL CHECK (state IN ('open', 'full', 'closed')),
    actor       $text NOT NULL,
    at_ms       BIGINT NOT NULL
);

-- How a resident last said they are, and where; it goes after a set time, and with the resident.
CREATE TABLE safety (
    resident_id  BIGINT PRIMARY KEY REFERENCES residents (id) ON DELETE CASCADE,
    state        $text NOT NULL CHECK (state IN ('safe', 'help', 'evacuated')),
    place        $text,
    latitude     DOUBLE PRECISION,
    longitude    DOUBLE PRECISION,
    at_ms        BIGINT NOT NULL
);

CREATE INDEX safety_by_time ON safety (at_ms);
