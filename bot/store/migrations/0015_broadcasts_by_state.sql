-- What is scheduled, being sent or paused is asked for many times a second, and among all that was ever sent.
CREATE INDEX broadcasts_by_state ON broadcasts (state);
