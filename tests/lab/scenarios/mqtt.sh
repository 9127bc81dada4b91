# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# Readings over MQTT, plain: mosquitto.
packages="mosquitto mosquitto-clients"
names="broker=s3"
shows="mqtt.msgtype == 3"

servers() {
    printf 'listener 1883\nallow_anonymous true\n' >"$LAB_DIR/mosquitto.conf"
    start_on s3 mqtt mosquitto -c "$LAB_DIR/mosquitto.conf"
    wait_for 10 listening s3 tcp 1883
    flows_are mqtt tcp "$(address4 s3)" 1883
}

sensor() {
    local reading
    start_on "c$1" mqtt mosquitto_sub -h broker.$LAB_ZONE -t "home/#" -k 5 -q 1
    {
        for reading in {1..20}; do
            draw 1000
            echo "{\"room\": $1, \"reading\": $reading, \"value\": $DRAWN}"
            think 400
        done
    } | run_on "c$1" mqtt mosquitto_pub -h broker.$LAB_ZONE -t "home/room$1" -l -q 1 -k 5
    for reading in {1..8}; do
        run_on "c$1" mqtt mosquitto_pub -h broker.$LAB_ZONE -t "home/door$1" -m "open $reading"
        think 300
    done
}

clients() {
    users 4 sensor
}
