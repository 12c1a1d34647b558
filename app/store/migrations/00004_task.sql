-- What is done again and again, and how far it got.

-- +goose Up
CREATE TABLE task (
    name   TEXT   PRIMARY KEY,
    at     BIGINT NOT NULL, -- when its last round was claimed
    cursor TEXT   NOT NULL
);

-- +goose Down
DROP TABLE task;
