// SPDX-License-Identifier: BSL-1.0
#include "schema.hpp"

#include <headgate/vocabulary/mixed.hpp>

namespace headgate::inline v1::postgres {

// `changed` is the transaction that changed the row last. A watch reads from the oldest transaction that was not over
// when it looked before, so that one that commits late is not missed; no counter, which all commits would queue for.
//
// Each function is volatile, so under READ COMMITTED each of its statements sees what is committed when it begins. The
// row's lock is taken by a statement of its own: what is read after it, no one else can be writing.
constexpr char tables[] = R"(
CREATE TABLE headgate_schema (version bigint NOT NULL);
CREATE TABLE jobs (
    id            text COLLATE "C" PRIMARY KEY,
    name          text NOT NULL,
    stop          text NOT NULL,    -- run, checkpoint, graceful, immediate, force
    version       bigint NOT NULL,  -- of the wish
    wish          bytea NOT NULL,
    revision      bigint NOT NULL DEFAULT 0,
    generation    bigint NOT NULL DEFAULT 0,
    owner         text NOT NULL DEFAULT '00000000000000000000000000000000',
    state         text NOT NULL DEFAULT 'Created',
    is_complete   boolean NOT NULL DEFAULT false,
    applied       bigint NOT NULL DEFAULT 0,
    restart_nonce bigint NOT NULL DEFAULT 0,
    restarts      bigint NOT NULL DEFAULT 0,
    tasks         bigint NOT NULL DEFAULT 0,
    last_error    text NOT NULL DEFAULT '',
    plan          bytea,
    waits_for     text NOT NULL DEFAULT '',
    workers       bigint NOT NULL DEFAULT 0,
    submitted     timestamptz(3) NOT NULL DEFAULT now(),
    started       timestamptz(3),
    since         timestamptz(3) NOT NULL DEFAULT now(),
    changed       xid8 NOT NULL
);
CREATE INDEX jobs_by_change ON jobs (changed);
CREATE INDEX jobs_by_owner ON jobs (owner);
CREATE TABLE checkpoints (
    job text COLLATE "C" NOT NULL, epoch bigint NOT NULL, generation bigint NOT NULL, state text NOT NULL,
    PRIMARY KEY (job, epoch, generation)
);
CREATE TABLE log (
    job text COLLATE "C" NOT NULL, number bigint NOT NULL, at timestamptz(3) NOT NULL DEFAULT now(),
    generation bigint NOT NULL, text text NOT NULL, PRIMARY KEY (job, number)
);
CREATE TABLE controllers (incarnation text COLLATE "C" PRIMARY KEY, lock bigint NOT NULL, counter bigint NOT NULL);
)";

// The view and the functions, in place of those of an older version if there are any: with the same columns, arguments
// and answers (the view's `round` is a name that version 1 gave), or the step to that version drops them first.
constexpr char code[] = R"(
CREATE OR REPLACE FUNCTION note_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.changed := pg_current_xact_id();
    IF TG_OP = 'UPDATE' THEN
        IF NEW.version = OLD.version AND (NEW.name <> OLD.name OR NEW.stop <> OLD.stop) THEN
            NEW.version := NEW.version + 1;
        END IF;
    END IF;
    RETURN NEW;
END $$;

CREATE OR REPLACE VIEW records AS
    SELECT id, name, stop, version, wish, revision, generation, owner, state, is_complete, applied, restart_nonce,
           restarts, tasks, last_error, plan, waits_for, workers,
           -- No number of an infinite one may fail the look at all jobs.
           CASE WHEN isfinite(submitted) THEN round(extract(epoch FROM submitted) * 1000)::bigint ELSE -1 END AS round,
           CASE WHEN isfinite(started) THEN round(extract(epoch FROM started) * 1000)::bigint
                WHEN started IS NOT NULL THEN -1 END AS started,
           CASE WHEN isfinite(since) THEN round(extract(epoch FROM since) * 1000)::bigint ELSE -1 END AS since,
           round(extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now,
           -- A committing one is shown only where it was edited into the name of none: then the row is damaged.
           (SELECT row(epoch, c.generation)::text FROM checkpoints c WHERE job = id AND (c.state = 'ready' OR
                (c.state = 'committing' AND (epoch > 4294967295 OR c.generation NOT BETWEEN 0 AND 4294967295)))
            ORDER BY epoch DESC, c.generation DESC LIMIT 1) AS ready, changed
    FROM jobs;

CREATE OR REPLACE FUNCTION replace_row(_job text, _expected bigint, _generation bigint, _owner text, _state text,
    _is_complete boolean, _applied bigint, _restart_nonce bigint, _restarts bigint, _tasks bigint, _last_error text,
    _plan bytea) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM jobs WHERE id = _job FOR UPDATE;
    UPDATE jobs SET revision = revision + 1, generation = _generation, owner = _owner, state = _state,
        is_complete = _is_complete, applied = _applied, restart_nonce = _restart_nonce, restarts = _restarts,
        tasks = _tasks, last_error = _last_error, plan = _plan,
        since = CASE WHEN state = _state THEN since ELSE now() END,
        started = CASE WHEN started IS NULL AND _state = 'Running' THEN now() ELSE started END
    WHERE id = _job AND revision = _expected;
    RETURN FOUND;
END $$;

CREATE OR REPLACE FUNCTION store_row(_job text, _expected bigint, _generation bigint, _owner text, _state text,
    _is_complete boolean, _applied bigint, _restart_nonce bigint, _restarts bigint, _tasks bigint, _last_error text,
    _plan bytea) RETURNS SETOF records LANGUAGE plpgsql AS $$
BEGIN
    PERFORM replace_row(_job, _expected, _generation, _owner, _state, _is_complete, _applied, _restart_nonce, _restarts,
                        _tasks, _last_error, _plan);
    RETURN QUERY SELECT * FROM records WHERE id = _job;
END $$;

-- A repeat answers the restore point too. It marks nothing, or a late one would fail the
-- claimant's own checkpoint.
CREATE OR REPLACE FUNCTION claim(_job text, _expected bigint, _generation bigint, _owner text, _state text,
    _is_complete boolean, _applied bigint, _restart_nonce bigint, _restarts bigint, _tasks bigint, _last_error text,
    _plan bytea, _threshold bigint) RETURNS TABLE (stands records, epoch bigint, number bigint, was text)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    is_first boolean;
    restored checkpoints;
BEGIN
    is_first := replace_row(_job, _expected, _generation, _owner, _state, _is_complete, _applied, _restart_nonce,
                            _restarts, _tasks, _last_error, _plan);
    IF EXISTS (SELECT FROM jobs WHERE id = _job AND generation = _generation AND owner = _owner) THEN
        SELECT * INTO restored FROM checkpoints c WHERE c.job = _job AND c.epoch >= _threshold
            AND c.state IN ('ready', 'committing') ORDER BY c.epoch DESC, c.generation DESC LIMIT 1;
        -- The whole claim is undone: no generation is spent on what nobody can restore from.
        IF is_first AND (restored.epoch > 4294967295 OR restored.generation NOT BETWEEN 0 AND 4294967295) THEN
            RAISE EXCEPTION 'job "%", checkpoints: epoch % of generation % is none; mend the row by hand or remove it',
                _job, restored.epoch, restored.generation USING ERRCODE = 'numeric_value_out_of_range';
        END IF;
    END IF;
    IF is_first THEN
        UPDATE checkpoints c SET state = 'failed' WHERE c.job = _job AND c.state = 'inprogress'
            AND c.epoch > coalesce(restored.epoch, -1);
        UPDATE checkpoints c SET state = 'abandoned' WHERE c.job = _job AND c.state = 'committing'
            AND c.epoch < _threshold;
    END IF;
    RETURN QUERY SELECT r, restored.epoch, restored.generation, restored.state FROM records r WHERE r.id = _job;
END $$;

CREATE OR REPLACE FUNCTION may_step(_from text, _to text) RETURNS boolean IMMUTABLE LANGUAGE sql AS $$
    SELECT CASE WHEN _from IS NULL THEN _to = 'inprogress'
                WHEN _from = _to THEN true
                WHEN _to = 'committing' THEN _from = 'inprogress'
                WHEN _to IN ('ready', 'failed', 'abandoned') THEN _from IN ('inprogress', 'committing')
                WHEN _to = 'compacting' THEN _from IN ('ready', 'failed', 'abandoned')
                WHEN _to = 'compacted' THEN _from = 'compacting'
                ELSE false END
$$;

-- The first row is the verdict, the others are the obsolete ones.
CREATE OR REPLACE FUNCTION write_checkpoint(_job text, _generation bigint, _owner text, _epoch bigint, _number bigint,
    _state text, _keep bigint) RETURNS TABLE (verdict text, epoch bigint, number bigint) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    held jobs;
    before text;
BEGIN
    SELECT * INTO held FROM jobs WHERE id = _job FOR UPDATE;
    IF NOT FOUND THEN
        RETURN QUERY SELECT 'none', NULL::bigint, NULL::bigint; RETURN;
    END IF;
    IF held.generation <> _generation OR held.owner <> _owner THEN
        RETURN QUERY SELECT 'lost', NULL::bigint, NULL::bigint; RETURN;
    END IF;
    SELECT c.state INTO before FROM checkpoints c WHERE c.job = _job AND c.epoch = _epoch AND c.generation = _number;
    IF NOT may_step(before, _state) THEN
        RETURN QUERY SELECT coalesce(before, 'nothing'), NULL::bigint, NULL::bigint; RETURN;
    END IF;
    INSERT INTO checkpoints VALUES (_job, _epoch, _number, _state)
        ON CONFLICT ON CONSTRAINT checkpoints_pkey DO UPDATE SET state = _state;
    RETURN QUERY SELECT 'done', NULL::bigint, NULL::bigint;
    IF _keep > 0 THEN
        UPDATE checkpoints c SET state = 'compacting' WHERE c.job = _job AND c.state = 'ready'
            AND (c.epoch, c.generation) NOT IN (SELECT k.epoch, k.generation FROM checkpoints k WHERE k.job = _job
                AND k.state = 'ready' ORDER BY k.epoch DESC, k.generation DESC LIMIT _keep);
        UPDATE checkpoints c SET state = 'compacting' WHERE c.job = _job
            AND (c.state IN ('failed', 'abandoned') OR (c.state = 'inprogress' AND c.generation < _generation))
            AND (c.epoch, c.generation) < (SELECT k.epoch, k.generation FROM checkpoints k WHERE k.job = _job
                AND k.state = 'ready' ORDER BY k.epoch DESC, k.generation DESC LIMIT 1);
        DELETE FROM checkpoints c WHERE c.job = _job AND c.state = 'compacted'
            AND (c.epoch, c.generation) NOT IN (SELECT k.epoch, k.generation FROM checkpoints k WHERE k.job = _job
                AND k.state = 'compacted' ORDER BY k.epoch DESC, k.generation DESC LIMIT 100);
        RETURN QUERY SELECT NULL, c.epoch, c.generation FROM checkpoints c WHERE c.job = _job
            AND c.state = 'compacting' ORDER BY c.epoch, c.generation LIMIT 100;  -- most_obsolete
    END IF;
END $$;

-- No rows: no such job; -1: another change made that version.
CREATE OR REPLACE FUNCTION put_wish(_job text, _expected bigint, _name text, _stop text, _wish bytea)
RETURNS SETOF bigint LANGUAGE plpgsql AS $$
DECLARE
    held jobs;
BEGIN
    IF _expected = 0 THEN
        INSERT INTO jobs (id, name, stop, version, wish) VALUES (_job, _name, _stop, 1, _wish) ON CONFLICT DO NOTHING;
    END IF;
    SELECT * INTO held FROM jobs WHERE id = _job FOR UPDATE;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    IF held.version = _expected THEN
        UPDATE jobs SET name = _name, stop = _stop, version = _expected + 1, wish = _wish WHERE id = _job;
        RETURN NEXT _expected + 1;
    ELSIF held.version = _expected + 1
          AND (held.wish, held.name, held.stop) IS DISTINCT FROM (_wish, _name, _stop) THEN
        RETURN NEXT -1;
    ELSE
        RETURN NEXT held.version;
    END IF;
END $$;

-- Keeps the newest 10,000 lines. No rows: no such job; false: the job has another owner or generation. (The function of
-- fewer arguments is version 1's, which a controller that runs on goes on with.)
CREATE OR REPLACE FUNCTION tell(_job text, _generation bigint, _owner text, _waits_for text, _workers bigint,
    _generations bigint[], _texts text[]) RETURNS SETOF boolean LANGUAGE plpgsql AS $$
DECLARE
    held jobs;
    newest bigint;
BEGIN
    SELECT * INTO held FROM jobs WHERE id = _job FOR UPDATE;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    IF held.owner <> _owner AND (held.owner <> repeat('0', 32) OR held.generation <> _generation) THEN
        RETURN NEXT false; RETURN;
    END IF;
    -- Edited by hand there may be one that has no next.
    SELECT coalesce(max(number), 0) INTO newest FROM log WHERE job = _job AND number <= 4611686018427387903;
    INSERT INTO log (job, number, generation, text)
        SELECT _job, newest + each.at, each.generation, each.text
        FROM unnest(_generations, _texts) WITH ORDINALITY AS each (generation, text, at);
    DELETE FROM log WHERE job = _job AND number <= newest + cardinality(_texts) - 10000;
    UPDATE jobs SET waits_for = _waits_for, workers = _workers
        WHERE id = _job AND (waits_for <> _waits_for OR workers <> _workers);
    RETURN NEXT true;
END $$;

-- The lock is shared, so that a new connection of the same controller gets it before the server saw the old one end.
CREATE OR REPLACE FUNCTION advance_lease(_self text, _lock bigint, _counter bigint, _take boolean)
RETURNS TABLE (incarnation text, counter bigint, is_gone boolean) LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
    IF _take THEN
        PERFORM pg_advisory_lock_shared(_lock);
    END IF;
    INSERT INTO controllers AS c VALUES (_self, _lock, _counter)
        ON CONFLICT ON CONSTRAINT controllers_pkey DO UPDATE SET counter = greatest(c.counter, _counter);
    RETURN QUERY WITH seen AS MATERIALIZED (
        SELECT c.incarnation, c.counter, c.incarnation <> _self AND NOT EXISTS (
                SELECT FROM pg_locks l WHERE l.locktype = 'advisory' AND l.objsubid = 1
                AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
                AND (l.classid::bigint << 32 | l.objid::bigint) = c.lock) AS is_gone,
            EXISTS (SELECT FROM jobs j WHERE j.owner = c.incarnation) AS owns
        FROM controllers c),
    over AS (DELETE FROM controllers c USING seen s WHERE s.incarnation = c.incarnation AND s.is_gone AND NOT s.owns)
    SELECT s.incarnation, s.counter, s.is_gone FROM seen s WHERE NOT s.is_gone OR s.owns ORDER BY s.incarnation;
END $$;
)";

constexpr char trigger[] =
    "CREATE TRIGGER note_change BEFORE INSERT OR UPDATE ON jobs FOR EACH ROW EXECUTE FUNCTION note_change()";

constexpr std::uint64_t fingerprint = detail::mixed(detail::mixed(0, tables), code);
static_assert(schema_version == 3 and fingerprint == 5035421186653611699u,
              "not what was installed before: raise `schema_version`, and note its fingerprint here");

const std::array<prepared, statement_count> statements{{
    {"claim",
     "SELECT (c.stands).*, c.epoch, c.number, c.was FROM claim($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) "
     "c"},
    {"store", "SELECT * FROM store_row($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)"},
    {"write_checkpoint", "SELECT * FROM write_checkpoint($1, $2, $3, $4, $5, $6, $7)"},
    {"put_wish", "SELECT * FROM put_wish($1, $2, $3, $4, $5)"},
    {"tell", "SELECT * FROM tell($1, $2, $3, $4, $5, $6, $7)"},
    {"advance_lease", "SELECT * FROM advance_lease($1, $2, $3, $4)"},
    // One row at least, without a job if there is none.
    {"watch",
     "SELECT r.*, s.oldest FROM (SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS oldest) s "
     "LEFT JOIN records r ON r.changed >= $1::text::xid8 ORDER BY r.id"},
    // Likewise, if there is such a job.
    {"read_log",
     "SELECT l.number, CASE WHEN isfinite(l.at) THEN round(extract(epoch FROM l.at) * 1000)::bigint ELSE -1 END, "
     "l.generation, l.text FROM jobs LEFT JOIN "
     "(SELECT * FROM log WHERE job = $1 AND number > $2 ORDER BY number LIMIT $3) l ON true WHERE id = $1 "
     "ORDER BY l.number"},
    {"notify", "SELECT pg_notify('headgate.' || current_schema(), '')"},
}};

}  // namespace headgate::inline v1::postgres
