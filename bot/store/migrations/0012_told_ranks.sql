-- What residents were told to be in force: its rank (0: nothing is) and its official name. Empty in older rows.
ALTER TABLE hazard_messages ADD COLUMN rank INTEGER;
ALTER TABLE hazard_messages ADD COLUMN name $text;
ALTER TABLE drill_messages ADD COLUMN rank INTEGER;
ALTER TABLE drill_messages ADD COLUMN name $text;
