-- name: versions
-- What was last said of every entry.
SELECT uid, digest, sequence, changed_ms FROM calendar_entries;

-- name: note
-- An entry that says something new gets the next number; the same again changes nothing.
INSERT INTO calendar_entries (uid, digest, sequence, changed_ms) VALUES (:uid, :digest, 0, :now)
ON CONFLICT (uid) DO UPDATE SET digest = excluded.digest, sequence = calendar_entries.sequence + 1,
    changed_ms = excluded.changed_ms
WHERE calendar_entries.digest <> excluded.digest;
