-- Roles first without, then with a login. Passwords are set apart and never here.
DO $$
DECLARE
    role text;
BEGIN
    FOREACH role IN ARRAY ARRAY['app'] LOOP
        IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = role) THEN
            EXECUTE pg_catalog.format('CREATE ROLE %I NOLOGIN', role);
        END IF;
    END LOOP;
    FOREACH role IN ARRAY ARRAY[
        'app_login_a', 'app_login_b', 'pgbouncer_auth', 'monitoring', 'reporting', 'heartbeat'
    ] LOOP
        IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = role) THEN
            EXECUTE pg_catalog.format('CREATE ROLE %I LOGIN', role);
        END IF;
    END LOOP;
END
$$;

-- Two logins with the same rights: the one that is not in use may get a new password at any time.
GRANT app TO app_login_a, app_login_b;
GRANT pg_monitor TO monitoring;

-- Below pgBouncer's query_timeout, so that a slow statement ends with its own error.
ALTER ROLE app_login_a SET statement_timeout = '4s';
ALTER ROLE app_login_b SET statement_timeout = '4s';
ALTER ROLE app_login_a SET lock_timeout = '2s';
ALTER ROLE app_login_b SET lock_timeout = '2s';
ALTER ROLE heartbeat SET statement_timeout = '2s';
ALTER ROLE monitoring SET statement_timeout = '5s';
ALTER ROLE reporting SET default_transaction_read_only = on;
ALTER ROLE reporting SET statement_timeout = '30min';

ALTER ROLE pgbouncer_auth CONNECTION LIMIT 200;
ALTER ROLE monitoring CONNECTION LIMIT 20;
ALTER ROLE reporting CONNECTION LIMIT 20;
ALTER ROLE heartbeat CONNECTION LIMIT 5;

DO $$
BEGIN
    EXECUTE pg_catalog.format('REVOKE ALL ON DATABASE %I FROM PUBLIC', pg_catalog.current_database());
    EXECUTE pg_catalog.format(
        'GRANT CONNECT ON DATABASE %I TO app, pgbouncer_auth, monitoring, reporting, heartbeat',
        pg_catalog.current_database()
    );
END
$$;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
