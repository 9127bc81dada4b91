# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# A relational database: MariaDB, plain and TLS; its client and mysqlslap.
packages="mariadb-server mariadb-client"
names="database=s4"
shows="mysql
tls && tcp.port == 3306"

servers() {
    mkdir -p "$LAB_DIR/mysql"
    mariadb-install-db --no-defaults --user=root --auth-root-authentication-method=normal \
        --skip-test-db --datadir="$LAB_DIR/mysql" >/dev/null 2>&1
    cat >"$LAB_DIR/init.sql" <<END
create database shop;
create user 'ann'@'%' identified by 'secret';
grant all on *.* to 'ann'@'%';
END
    start_on s4 mysql mariadbd --no-defaults --user=root --datadir="$LAB_DIR/mysql" \
        --bind-address=0.0.0.0 --socket="$LAB_DIR/mysql.sock" --pid-file="$LAB_DIR/mysql.pid" \
        --ssl-cert="$LAB_DIR/cert.pem" --ssl-key="$LAB_DIR/key.pem" --ssl-ca="$LAB_DIR/ca.pem" \
        --init-file="$LAB_DIR/init.sql" --innodb-flush-log-at-trx-commit=0
    wait_for 20 listening s4 tcp 3306
    flows_are mysql tcp "$(address4 s4)" 3306
}

asker() {
    local round option at="--no-defaults -h database.$LAB_ZONE -u ann -psecret"
    for round in {1..6}; do
        option=
        [ $((round % 2)) -eq 0 ] || option=--ssl
        run_on "c$1" mysql mariadb ${at/--no-defaults/--no-defaults $option} -e \
            "select seq, md5(seq) from seq_1_to_$((round * 100))" shop
        think 500
        run_on "c$1" mysql mariadb-slap ${at/--no-defaults/--no-defaults $option} \
            --auto-generate-sql --number-of-queries=40 --concurrency=2 --create-schema="own$1"
        think 500
    done
}

clients() {
    users 3 asker
}
