# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# A relational database: PostgreSQL, plain and TLS; psql and pgbench.
packages="postgresql postgresql-client"
names="database=s4"
shows="pgsql
tls && tcp.port == 5432"

servers() {
    local bin
    bin=$(echo /usr/lib/postgresql/*/bin)
    install -d -o postgres -m 700 "$LAB_DIR/postgres"
    as_postgres() { (cd / && setpriv --reuid=postgres --regid=postgres --clear-groups "$@"); }
    as_postgres "$bin/initdb" -A trust -N -D "$LAB_DIR/postgres" >/dev/null
    install -o postgres -m 600 "$LAB_DIR/key.pem" "$LAB_DIR/postgres/server.key"
    install -o postgres -m 644 "$LAB_DIR/cert.pem" "$LAB_DIR/postgres/server.crt"
    echo 'host all all 0.0.0.0/0 trust' >>"$LAB_DIR/postgres/pg_hba.conf"
    start_on s4 postgresql setpriv --reuid=postgres --regid=postgres --clear-groups \
        "$bin/postgres" -D "$LAB_DIR/postgres" -h 0.0.0.0 -k "$LAB_DIR/postgres" -c ssl=on -c fsync=off
    wait_for 15 listening s4 tcp 5432
    ns s4 pgbench -q -i -s 1 -h 127.0.0.1 -U postgres postgres >/dev/null 2>&1
    flows_are postgresql tcp "$(address4 s4)" 5432
}

asker() {
    local round mode at="-h database.$LAB_ZONE -U postgres"
    for round in {1..8}; do
        mode=disable
        [ $((round % 2)) -eq 0 ] || mode=require
        draw 5000
        run_on "c$1" postgresql env PGSSLMODE=$mode psql -q $at -c \
            "select * from pgbench_accounts where aid between $DRAWN and $((DRAWN + DRAWN / 20))" postgres
        think 500
        run_on "c$1" postgresql env PGSSLMODE=$mode pgbench $at -n -c 2 -t 20 postgres
        think 500
    done
}

clients() {
    users 3 asker
}
