-- What a notice has told of children, item by item: a change of the town's table repeats nothing.
CREATE TABLE told (
    notice   $text NOT NULL,
    key      $text NOT NULL,
    told_ms  BIGINT NOT NULL,
    PRIMARY KEY (notice, key)
);

-- Why an occurrence was missed.
ALTER TABLE occurrences ADD COLUMN reason $text;
