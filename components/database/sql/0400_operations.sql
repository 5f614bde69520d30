-- What says that writes arrive: the heartbeat, replicated, and the probe's row.

-- One writer beats, the one that the fence names; a replica reads how old the newest beat is.
CREATE TABLE IF NOT EXISTS ops.heartbeat (
    one     boolean     PRIMARY KEY DEFAULT true CHECK (one),
    site    text        NOT NULL,
    beat_at timestamptz NOT NULL
);

-- /health/writable writes one row per site, again and again: small, and vacuumed quickly.
CREATE TABLE IF NOT EXISTS ops.probe (
    site       text        PRIMARY KEY,
    written_at timestamptz NOT NULL
) WITH (fillfactor = 50);

GRANT USAGE ON SCHEMA ops TO app, monitoring, heartbeat;
GRANT SELECT, INSERT, UPDATE ON ops.probe TO app;
GRANT SELECT ON ops.heartbeat TO app, monitoring;
GRANT SELECT, INSERT, UPDATE ON ops.heartbeat TO heartbeat;
