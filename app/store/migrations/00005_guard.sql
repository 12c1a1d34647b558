-- What keeps jobs from getting into each other's way, on one server and on several.

-- +goose Up
CREATE TABLE subject (
    installation BIGINT NOT NULL,
    repository   BIGINT NOT NULL, -- GitHub's number: names change hands
    name         TEXT   NOT NULL, -- pull/7, commit/SHA
    seq          BIGINT NOT NULL, -- grows where what is being done about it is out of date
    mark         TEXT   NOT NULL, -- why it grew last; the same again is no news
    at           BIGINT NOT NULL,
    PRIMARY KEY (installation, repository, name)
);

CREATE TABLE lease (
    name   TEXT   PRIMARY KEY,
    holder TEXT   NOT NULL, -- made up for each time that it is taken
    until  BIGINT NOT NULL
);

-- +goose Down
DROP TABLE lease;
DROP TABLE subject;
