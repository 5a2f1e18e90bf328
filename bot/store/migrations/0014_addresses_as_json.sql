-- Addresses as a request to LINE has them, so that sending need not make them up each time: JSON strings joined by
-- commas. User ids have neither quotation marks nor commas. The column has a new name so that a process of an older
-- version, still running beside this one, sends nothing rather than nonsense.
ALTER TABLE addresses RENAME COLUMN user_ids TO user_ids_json;
UPDATE addresses SET user_ids_json = '"' || replace(user_ids_json, ',', '","') || '"' WHERE user_ids_json <> '';
