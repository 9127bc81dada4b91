# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# A small I2P network of i2pd routers on both sides.
packages="i2pd zip curl"
seconds=60
shows="tcp.len > 200
udp.length > 100"

servers() {
    local host
    for host in s1 s2 s3 s4 c1 c2; do
        mkdir -p "$LAB_DIR/i2p-$host"
        printf '<html>seen</html>' >"$LAB_DIR/i2p-$host/index.html"
        i2p_start "$host"
    done
    for host in s1 s2 s3 s4; do
        wait_for 30 test -s "$LAB_DIR/i2p-$host/router.info"
    done
    sleep 2
    lab_end_label i2p
    mkdir "$LAB_DIR/seed"
    for host in s1 s2 s3 s4; do
        cp "$LAB_DIR/i2p-$host/router.info" "$LAB_DIR/seed/routerInfo-$host.dat"
    done
    (cd "$LAB_DIR/seed" && zip -q "$LAB_DIR/seed.zip" ./*)
    for host in s1 s2 s3 s4; do
        i2p_start "$host" --reseed.zipfile="$LAB_DIR/seed.zip"
    done
    flows_are i2p tcp '*' '*'
    flows_are i2p udp '*' '*'
}

# i2p_start HOST OPTION...
i2p_start() {
    local host=$1 place=$LAB_DIR/i2p-$1 floodfill=
    shift
    echo "reservedrange = false" >"$place/conf"
    [ "${host#s}" = "$host" ] || floodfill=--floodfill
    start_on "$host" i2p i2pd --conf="$place/conf" --tunconf="$place/none" --datadir="$place" --netid=77 \
        --host="$(address4 "$host")" --port=12000 --nat=false $floodfill \
        --bandwidth=X --reseed.urls= --reseed.threshold=1 --http.enabled=true --loglevel=info \
        --exploratory.inbound.length=1 --exploratory.outbound.length=1 "$@"
}

clients() {
    local host
    for host in c1 c2; do
        i2p_start $host --reseed.zipfile="$LAB_DIR/seed.zip"
    done
    sleep 45
}
