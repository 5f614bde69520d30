-- Whoever may not write stops here, with a reason; whoever may, waits for its turn.
DO $$
BEGIN
    IF pg_catalog.pg_is_in_recovery() THEN
        RAISE EXCEPTION 'this database is a standby: what it needs arrives from its writer'
            USING ERRCODE = 'read_only_sql_transaction';
    END IF;
END
$$;

-- One run at a time. The number is this set's own, any other would do.
SELECT pg_catalog.pg_advisory_xact_lock(7314200);

CREATE SCHEMA IF NOT EXISTS ops;
REVOKE ALL ON SCHEMA ops FROM PUBLIC;

CREATE TABLE IF NOT EXISTS ops.script (
    name       text        PRIMARY KEY,
    version    integer     NOT NULL,
    sha256     text        NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
);
