-- What was accepted on open pull requests, one row for each finding in each lockfile.

-- +goose Up
CREATE TABLE acceptance (
    installation BIGINT NOT NULL,
    repository   BIGINT NOT NULL, -- GitHub's number: names change hands
    number       BIGINT NOT NULL, -- pull request
    place        TEXT   NOT NULL, -- what it was written in: review, review_comment, issue_comment
    remark       BIGINT NOT NULL, -- id of that
    ecosystem    TEXT   NOT NULL,
    name         TEXT   NOT NULL,
    version      TEXT   NOT NULL,
    digest       TEXT   NOT NULL,
    source       TEXT   NOT NULL,
    lockfile     TEXT   NOT NULL,
    rule         TEXT   NOT NULL,
    reason       TEXT   NOT NULL,
    login        TEXT   NOT NULL, -- who gave it
    role         TEXT   NOT NULL, -- what they might do in the repository then
    author       BIGINT NOT NULL, -- 1: they opened the pull request
    at           BIGINT NOT NULL,
    PRIMARY KEY (installation, repository, number, place, remark, ecosystem, name, version, digest, source, lockfile, rule)
);

-- +goose Down
DROP TABLE acceptance;
