-- Until when what a broadcast says is true; empty where it does not go out of date.
ALTER TABLE broadcasts ADD COLUMN useful_until_ms BIGINT;

-- When it was found that no digest can tell it any more: the broadcast was not true any more when one could go out.
ALTER TABLE deferred ADD COLUMN lapsed_ms BIGINT;
