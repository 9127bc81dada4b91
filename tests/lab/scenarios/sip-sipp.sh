# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# Calls over SIP with G.711 sound both ways: sipp.
packages="sip-tester"
names="phone=s4"
seconds=30
shows="sip.Method == \"INVITE\"
rtp || udp.port == 6000 && udp.length == 248"

servers() {
    ln -s /usr/share/sip-tester "$LAB_DIR/pcap" # scenarios name their sound as pcap/g711a.pcap
    start_on s4 sip sipp -sn uas -i "$(address4 s4)" -p 5060 -mi "$(address4 s4)" -mp 6000 \
        -rtp_echo -nostdin
    wait_for 10 listening s4 udp 5060
    flows_are sip udp "$(address4 s4)" 5060
    flows_are rtp udp "$(address4 s4)" 6000-6003
}

caller() {
    cd "$LAB_DIR" || return
    sleep "$1"
    run_on "c$1" sip sipp -sn uac_pcap -i "$(address4 "c$1")" -p 5060 -mp $((6000 + $1 * 10)) -m 2 \
        -l 1 -d 1000 -nostdin -timeout 25 "$(address4 s4):5060"
}

clients() {
    users 3 caller
}
