-- Until when GitHub asked to be left alone.

-- +goose Up
CREATE TABLE pause (
    installation BIGINT PRIMARY KEY, -- 0: the App itself
    until        BIGINT NOT NULL,    -- unix ms
    reason       TEXT   NOT NULL
);

-- +goose Down
DROP TABLE pause;
