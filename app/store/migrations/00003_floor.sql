-- +goose Up
CREATE TABLE floor (
    installation BIGINT NOT NULL,
    owner        TEXT   NOT NULL, -- lower case: GitHub's names have no case
    source       TEXT   NOT NULL, -- where it was seen last
    at           BIGINT NOT NULL,
    PRIMARY KEY (installation, owner)
);

-- +goose Down
DROP TABLE floor;
