#!/usr/bin/env bash
# The PostgreSQL peer, in a cluster of its own that is gone afterwards. PostgreSQL refuses root, so
# root runs it as postgres.
#   postgres.sh top20 FOLDER NOW TEAMS SECONDS   loads FOLDER/needs.csv and teams.csv; writes
#                                                FOLDER/answers.csv and FOLDER/qps
#   postgres.sh claims SECONDS                   prints durable claims a second: one UPDATE+INSERT
#                                                statement, 32 clients
set -euo pipefail
pg=/usr/lib/postgresql/15/bin
[ -x $pg/postgres ] || { echo "PostgreSQL 15 is not installed" >&2; exit 1; }
work=$(mktemp -d /tmp/qiao-pg-XXXXXX)
as=()
if [ "$(id -u)" -eq 0 ]; then
  chown postgres "$work"
  as=(setpriv --reuid=postgres --regid=postgres --init-groups env HOME="$work" LC_ALL=C.UTF-8)
fi
stop() {
  "${as[@]}" $pg/pg_ctl -D "$work/data" -m immediate stop >/dev/null 2>&1 || true
  rm -rf "$work"
}
trap stop EXIT
cd "$work"
"${as[@]}" $pg/initdb -D "$work/data" -A trust >/dev/null
cat >>"$work/data/postgresql.conf" <<CONF
unix_socket_directories = '$work'
listen_addresses = ''
shared_buffers = 1GB
work_mem = 32MB
effective_cache_size = 4GB
max_wal_size = 4GB
checkpoint_timeout = 30min
random_page_cost = 1.1
jit = off
synchronous_commit = on
CONF
"${as[@]}" $pg/pg_ctl -D "$work/data" -w -l "$work/log" start >/dev/null
psql() { "${as[@]}" $pg/psql -h "$work" -d postgres -qAt -v ON_ERROR_STOP=1 "$@"; }
# Runs pgbench with these options; prints transactions a second.
bench() {
  "${as[@]}" $pg/pgbench -h "$work" -d postgres -n -M prepared -j 2 "$@" 2>/dev/null |
    sed -n 's/^tps = \([0-9.]*\).*/\1/p'
}

case "$1" in
  top20)
    folder=$2 now=$3 teams=$4 seconds=$5
    psql -c "CREATE EXTENSION postgis" -c "
      CREATE TABLE needs(id bigint PRIMARY KEY, lon float8, lat float8, urgency bigint,
                         skills bigint, dow int, start_min int, end_min int, start_ts bigint,
                         status int DEFAULT 0, loc geometry(Point, 4326));
      CREATE TABLE teams(id int PRIMARY KEY, lon float8, lat float8, radius int, skills bigint,
                         days int[], from_min int, to_min int);"
    columns="id, lon, lat, urgency, skills, dow, start_min, end_min, start_ts"
    psql -c "COPY needs($columns) FROM STDIN DELIMITER '|'" <"$folder/needs.csv"
    psql -c "COPY teams FROM STDIN DELIMITER '|'" <"$folder/teams.csv"
    psql -c "UPDATE needs SET loc = ST_SetSRID(ST_MakePoint(lon, lat), 4326)"
    query="SELECT x.id FROM teams t, LATERAL (
        SELECT n.id, n.urgency, floor(sqrt(power((n.lat - t.lat) * 111195.08, 2) +
          power((n.lon - t.lon) * cos(radians((n.lat + t.lat) / 2)) * 111195.08, 2)))::bigint AS d
        FROM needs n
        WHERE n.status = 0
          AND n.loc && ST_MakeEnvelope(
            t.lon - t.radius / (111195.08 * cos(radians(t.lat + 0.2))),
            t.lat - t.radius / 111195.08,
            t.lon + t.radius / (111195.08 * cos(radians(t.lat + 0.2))),
            t.lat + t.radius / 111195.08, 4326)
          AND (n.skills & ~t.skills) = 0 AND n.dow = ANY (t.days)
          AND n.start_min >= t.from_min AND n.end_min <= t.to_min AND n.start_ts > $now) x
      WHERE x.d <= t.radius AND t.id = TEAM
      ORDER BY x.urgency * (4000000000 / (4000 + x.d)) / 1000000 DESC, x.id LIMIT 20"
    best=0
    # The best of two ways to index it: the point, and the point with everything the question looks
    # at.
    for with in "" "INCLUDE ($columns)"; do
      psql -c "DROP INDEX IF EXISTS by_place" \
        -c "CREATE INDEX by_place ON needs USING gist(loc) $with WHERE status = 0" \
        -c "CLUSTER needs USING needs_pkey" -c "VACUUM ANALYZE needs"
      printf '\\set t random(1, 20000)\n%s;\n' "$(echo "${query/TEAM/:t}" | tr '\n' ' ')" \
        >"$work/q.sql"
      chmod 644 "$work/q.sql"
      qps=$(bench -c 8 -T "$seconds" -f "$work/q.sql")
      best=$(printf '%s\n%s\n' "$best" "$qps" | sort -g | tail -1)
    done
    echo "$best" >"$folder/qps"
    for t in $(seq "$teams"); do
      echo "SELECT $t, id FROM (${query/TEAM/$t}) q;"
    done >"$work/answers.sql"
    chmod 644 "$work/answers.sql"
    psql -f "$work/answers.sql" >"$folder/answers.csv"
    ;;
  claims)
    seconds=$2
    psql -c "
      CREATE TABLE lines(id bigserial PRIMARY KEY, missing int NOT NULL);
      CREATE TABLE matches(id bigserial PRIMARY KEY, line bigint NOT NULL, offer bigint NOT NULL,
                           quantity int NOT NULL, state int NOT NULL,
                           made timestamptz NOT NULL, score text);
      INSERT INTO lines(missing) SELECT 1000000 FROM generate_series(1, 100000);" \
      -c "VACUUM ANALYZE lines"
    cat >"$work/claim.sql" <<'SQL'
\set l random(1, 100000)
\set o random(1, 100000)
WITH taken AS (UPDATE lines SET missing = missing - 1 WHERE id = :l AND missing >= 1 RETURNING id)
INSERT INTO matches(line, offer, quantity, state, made, score)
SELECT id, :o, 1, 4, now(), repeat('x', 120) FROM taken;
SQL
    chmod 644 "$work/claim.sql"
    bench -c 32 -T "$seconds" -f "$work/claim.sql"
    ;;
  *) echo "top20 or claims" >&2; exit 2 ;;
esac
