# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# A call over SIP with sound both ways: two baresips.
packages="baresip-core"
names="phone=s4"
seconds=30
shows="sip.Method == \"INVITE\"
udp.length == 180 && !dns"

servers() {
    baresip_start s4 ""
    flows_are sip udp '*' 5060
    flows_are rtp udp "$(address4 s4)" '*'
}

# baresip_start HOST DIAL: dials when there is someone to dial; answers everyone.
baresip_start() {
    local place=$LAB_DIR/baresip-$1
    mkdir -p "$place"
    cat >"$place/config" <<END
sip_listen $(address4 "$1"):5060
audio_player alsa,null
audio_source ausine,440
audio_alert alsa,null
module_path /usr/lib/baresip/modules
module g711.so
module ausine.so
module alsa.so
module_app account.so
module_app menu.so
END
    echo "<sip:$1@$(address4 "$1")>;regint=0;answermode=auto" >"$place/accounts"
    touch "$place/contacts"
    start_on "$1" sip baresip -f "$place" -t 22 ${2:+-e "$2"}
}

clients() {
    local host
    for host in c1 c2; do
        baresip_start $host "/dial sip:s4@$(address4 s4)"
        sleep 3
    done
    sleep 18
}
