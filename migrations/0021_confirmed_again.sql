-- +goose Up

-- The newest confirmation link of a subscription that was widened by a second
-- wish: opened again it says that all is arranged. token stays what the letters
-- sent before carry.
ALTER TABLE notify_subscriptions ADD COLUMN confirm_token TEXT NOT NULL DEFAULT '';
CREATE INDEX notify_subscriptions_confirm ON notify_subscriptions (confirm_token) WHERE confirm_token <> '';

-- +goose Down
DROP INDEX notify_subscriptions_confirm;
ALTER TABLE notify_subscriptions DROP COLUMN confirm_token;
