-- Commits with a check run of ours that was begun and not completed.

-- +goose Up
CREATE TABLE unfinished (
    installation BIGINT NOT NULL,
    repository   BIGINT NOT NULL, -- GitHub's number: names change hands
    head         TEXT   NOT NULL,
    owner        TEXT   NOT NULL,
    repo         TEXT   NOT NULL,
    since        BIGINT NOT NULL, -- when it was begun first
    at           BIGINT NOT NULL, -- when it was begun, or looked after, last
    PRIMARY KEY (installation, repository, head)
);
CREATE INDEX unfinished_at ON unfinished (at);

-- +goose Down
DROP TABLE unfinished;
