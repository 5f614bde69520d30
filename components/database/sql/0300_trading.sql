-- The reference service's schema.
CREATE SCHEMA IF NOT EXISTS trading;
REVOKE ALL ON SCHEMA trading FROM PUBLIC;

CREATE TABLE IF NOT EXISTS trading.accounts (
    id      bigint         PRIMARY KEY,
    balance numeric(20, 4) NOT NULL DEFAULT 0
);

-- client_ref is the client's own name for an order: sent again after a failover, it is the same order.
CREATE TABLE IF NOT EXISTS trading.orders (
    id         uuid           PRIMARY KEY,
    client_ref text           NOT NULL UNIQUE,
    account_id bigint         NOT NULL REFERENCES trading.accounts,
    amount     numeric(20, 4) NOT NULL,
    created_at timestamptz    NOT NULL DEFAULT now()
);

GRANT USAGE ON SCHEMA trading TO app, reporting;
GRANT SELECT, INSERT, UPDATE ON trading.accounts TO app;
GRANT SELECT, INSERT ON trading.orders TO app;
GRANT SELECT ON ALL TABLES IN SCHEMA trading TO reporting;
ALTER DEFAULT PRIVILEGES IN SCHEMA trading GRANT SELECT ON TABLES TO reporting;
