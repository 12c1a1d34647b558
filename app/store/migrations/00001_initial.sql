-- One text for SQLite and PostgreSQL: times are unix milliseconds, ids are made in
-- Go, JSON is TEXT, and SQLite stores a BYTEA as the blob it is given.

-- +goose Up
CREATE TABLE report (
    installation BIGINT NOT NULL,
    owner        TEXT   NOT NULL, -- lower case: GitHub's names have no case
    repo         TEXT   NOT NULL, -- lower case
    number       BIGINT NOT NULL, -- pull request, 0 where there is none
    head         TEXT   NOT NULL,
    json         TEXT   NOT NULL,
    at           BIGINT NOT NULL,
    PRIMARY KEY (installation, owner, repo, number, head)
);

CREATE TABLE fact (
    key     TEXT   PRIMARY KEY,
    value   BYTEA  NOT NULL,
    expires BIGINT NOT NULL -- 0: never
);
CREATE INDEX fact_expires ON fact (expires);

CREATE TABLE pulse (
    id BIGINT PRIMARY KEY,
    at BIGINT NOT NULL
);

-- +goose Down
DROP TABLE pulse;
DROP TABLE fact;
DROP TABLE report;
