-- What stands on open pull requests: one row for each, with what it rests on and when it
-- is to be judged again.

-- +goose Up
CREATE TABLE verdict (
    installation BIGINT NOT NULL,
    repository   BIGINT NOT NULL, -- GitHub's number: names change hands
    number       BIGINT NOT NULL, -- pull request
    owner        TEXT   NOT NULL,
    name         TEXT   NOT NULL,
    owner_key    TEXT   NOT NULL, -- owner in lower case: GitHub's names have no case
    head         TEXT   NOT NULL, -- commit
    base_ref     TEXT   NOT NULL, -- branch
    base         TEXT   NOT NULL, -- tip of it that was compared with
    conclusion   TEXT   NOT NULL,
    digest       TEXT   NOT NULL, -- of the verdict, without its words; empty: there is none
    unknown      TEXT   NOT NULL, -- digest of what could not be found out, empty: nothing
    policy       TEXT   NOT NULL, -- identity of the repository's own policy
    floor        TEXT   NOT NULL, -- identity of the organisation's
    trust        TEXT   NOT NULL, -- id of the trust root
    judged       BIGINT NOT NULL,
    doubt        BIGINT NOT NULL, -- since when its evidence cannot be had again, 0: it can
    due          BIGINT NOT NULL, -- when it is to be judged again
    hastened     BIGINT NOT NULL, -- when something last made it due earlier
    PRIMARY KEY (installation, repository, number)
);
CREATE INDEX verdict_due ON verdict (due);

-- The names of the packages that a pull request brings in.
CREATE TABLE brought (
    installation BIGINT NOT NULL,
    repository   BIGINT NOT NULL,
    number       BIGINT NOT NULL,
    package      TEXT   NOT NULL, -- "npm/left-pad"
    PRIMARY KEY (package, installation, repository, number)
);
CREATE INDEX brought_by ON brought (installation, repository, number);

-- +goose Down
DROP TABLE brought;
DROP TABLE verdict;
