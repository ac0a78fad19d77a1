-- +goose Up

-- What this database was made with. The mark tells the installation's key from
-- any other without saying anything about it: a lost key is noticed before
-- something is sealed with a second one.
CREATE TABLE installation (
    one      INTEGER PRIMARY KEY CHECK (one = 1),
    key_mark TEXT    NOT NULL CHECK (key_mark <> '')
);

-- +goose Down
DROP TABLE installation;
