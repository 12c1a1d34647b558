-- What the pages show beside the reports: default branches' inventories and their past.

-- +goose Up
ALTER TABLE report ADD COLUMN conclusion TEXT NOT NULL DEFAULT '';
ALTER TABLE report ADD COLUMN title TEXT NOT NULL DEFAULT '';
-- Both hold all that is asked for: a report's JSON is not read to find it.
CREATE INDEX report_newest ON report (installation, owner, repo, number, at, head);
CREATE INDEX report_head ON report (installation, owner, repo, head, number);

ALTER TABLE verdict ADD COLUMN name_key TEXT NOT NULL DEFAULT ''; -- lower case
UPDATE verdict SET name_key = lower(name);
CREATE INDEX verdict_name ON verdict (owner_key, name_key);

-- Every verdict that was published, also those that another one took the place of.
CREATE TABLE run (
    installation BIGINT NOT NULL,
    owner        TEXT   NOT NULL, -- lower case
    repo         TEXT   NOT NULL, -- lower case
    number       BIGINT NOT NULL, -- pull request, 0 where there is none
    head         TEXT   NOT NULL,
    at           BIGINT NOT NULL,
    conclusion   TEXT   NOT NULL,
    title        TEXT   NOT NULL,
    PRIMARY KEY (installation, owner, repo, number, at, head)
);
CREATE INDEX run_at ON run (at);

-- The repositories that the App is installed on and has looked at.
CREATE TABLE repository (
    installation BIGINT NOT NULL,
    repository   BIGINT NOT NULL, -- GitHub's number: names change hands
    owner        TEXT   NOT NULL,
    name         TEXT   NOT NULL,
    owner_key    TEXT   NOT NULL, -- lower case
    name_key     TEXT   NOT NULL, -- lower case
    branch       TEXT   NOT NULL, -- the default one
    head         TEXT   NOT NULL, -- commit of the inventory, '' before there is one
    problem      TEXT   NOT NULL, -- why the last look found nothing out, '' where it did
    at           BIGINT NOT NULL, -- when the inventory was made, 0 before there is one
    looked       BIGINT NOT NULL, -- when its evidence was asked for last
    touched      BIGINT NOT NULL, -- when it was looked at or renamed last
    exceptions   TEXT   NOT NULL, -- JSON: those of the policy, also where they apply to nothing now
    json         TEXT   NOT NULL, -- bonafide.report/v1 of the inventory; last, as it is large
    PRIMARY KEY (installation, repository)
);
CREATE INDEX repository_name ON repository (owner_key, name_key);
CREATE INDEX repository_looked ON repository (looked);

-- Which packages a default branch has locked, one row for each name, version and lockfile,
-- and since when; gone is when it left, 0: it is there.
CREATE TABLE holding (
    installation BIGINT NOT NULL,
    repository   BIGINT NOT NULL,
    ecosystem    TEXT   NOT NULL,
    name         TEXT   NOT NULL,
    version      TEXT   NOT NULL,
    lockfile     TEXT   NOT NULL,
    came         BIGINT NOT NULL,
    head         TEXT   NOT NULL, -- commit of the branch that it came with
    number       BIGINT NOT NULL, -- pull request that it came by, 0: not known
    gone         BIGINT NOT NULL,
    moved        BIGINT NOT NULL, -- the later of came and gone
    PRIMARY KEY (installation, repository, ecosystem, name, version, lockfile, came)
);
CREATE INDEX holding_package ON holding (ecosystem, name, installation, repository, version) WHERE gone = 0;
CREATE INDEX holding_moved ON holding (installation, repository, moved DESC, ecosystem, name, version, lockfile);
CREATE INDEX holding_gone ON holding (gone) WHERE gone > 0;

-- How many packages of a default branch could say where they come from, one row a day.
CREATE TABLE coverage (
    installation BIGINT NOT NULL,
    repository   BIGINT NOT NULL,
    day          BIGINT NOT NULL, -- unix ms of its beginning, UTC
    head         TEXT   NOT NULL,
    packages     BIGINT NOT NULL,
    signed       BIGINT NOT NULL, -- verified signature
    proven       BIGINT NOT NULL, -- verified provenance
    PRIMARY KEY (installation, repository, day)
);
CREATE INDEX coverage_day ON coverage (day);

-- What has changed about a package that is in use, until it is well again or gone.
CREATE TABLE news (
    installation BIGINT NOT NULL,
    repository   BIGINT NOT NULL,
    purl         TEXT   NOT NULL,
    kind         TEXT   NOT NULL, -- removed, deprecated, key-withdrawn, provenance-gone, malware
    detail       TEXT   NOT NULL,
    since        BIGINT NOT NULL,
    PRIMARY KEY (installation, repository, purl, kind)
);

CREATE TABLE session (
    key     TEXT   PRIMARY KEY,
    sealed  BYTEA  NOT NULL,
    expires BIGINT NOT NULL
);
CREATE INDEX session_expires ON session (expires);

-- The generation of a repository's badge link: another one revokes the links before.
CREATE TABLE badge (
    installation BIGINT NOT NULL,
    repository   BIGINT NOT NULL,
    generation   BIGINT NOT NULL,
    PRIMARY KEY (installation, repository)
);

-- Secrets that the server made for itself.
CREATE TABLE own_key (
    name  TEXT  PRIMARY KEY,
    value BYTEA NOT NULL
);

-- +goose Down
DROP TABLE own_key;
DROP TABLE badge;
DROP TABLE session;
DROP TABLE news;
DROP TABLE coverage;
DROP TABLE holding;
DROP TABLE repository;
DROP TABLE run;
DROP INDEX verdict_name;
ALTER TABLE verdict DROP COLUMN name_key;
DROP INDEX report_head;
DROP INDEX report_newest;
ALTER TABLE report DROP COLUMN title;
ALTER TABLE report DROP COLUMN conclusion;
