-- What is too old is found without reading what is not.

-- +goose Up
CREATE INDEX report_at ON report (at);

-- +goose Down
DROP INDEX report_at;
