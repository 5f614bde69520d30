-- pgBouncer asks here for verifiers. RDS lets nobody read pg_authid or pg_shadow, not even through a function, so that
-- verifiers have a table of their own; whoever sets a password sets both. Only those that are pooled are told.
CREATE SCHEMA IF NOT EXISTS pooler;
REVOKE ALL ON SCHEMA pooler FROM PUBLIC;

CREATE TABLE IF NOT EXISTS pooler.login (
    name       text        PRIMARY KEY,
    verifier   text        NOT NULL CHECK (verifier LIKE 'SCRAM-SHA-256$%'),
    pooled     boolean     NOT NULL,
    changed_at timestamptz NOT NULL DEFAULT now()
);
REVOKE ALL ON pooler.login FROM PUBLIC;

-- SECURITY DEFINER, since the caller may read nothing; an empty search_path and full names, since the caller could
-- otherwise put tables of its own in the way.
CREATE OR REPLACE FUNCTION pooler.lookup(login text)
    RETURNS TABLE (username text, verifier text)
    LANGUAGE sql
    STABLE
    STRICT
    SECURITY DEFINER
    SET search_path = ''
AS $$
    SELECT stored.name, stored.verifier
    FROM pooler.login AS stored
    WHERE stored.pooled AND stored.name OPERATOR(pg_catalog.=) login
$$;
REVOKE ALL ON FUNCTION pooler.lookup(text) FROM PUBLIC;

GRANT USAGE ON SCHEMA pooler TO pgbouncer_auth;
GRANT EXECUTE ON FUNCTION pooler.lookup(text) TO pgbouncer_auth;
