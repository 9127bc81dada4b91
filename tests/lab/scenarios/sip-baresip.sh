# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# Calls over SIP with voices both ways: baresip; G.711, G.722 and Opus, the last one over SRTP.
packages="baresip-core ffmpeg"
names="phone=s4"
seconds=40
shows="sip.Method == \"INVITE\"
udp.dstport >= 6000 && udp.dstport < 6019 && udp.length == 180
udp.dstport >= 6020 && udp.dstport < 6039 && udp.length == 180
udp.dstport >= 6040 && udp.dstport < 6059 && udp.length > 100"

# phone_prepare NAME HOST CODEC PORT OPTIONS: a phone with one codec that answers by itself; what it
# says is noise that swells and fades like sentences.
phone_prepare() {
    local place=$LAB_DIR/phone-$1
    mkdir -p "$place"
    cat >"$place/config" <<END
module_path /usr/lib/baresip/modules
module $3.so
module aufile.so
module aubridge.so
module srtp.so
module_app account.so
module_app menu.so
audio_source aufile,$LAB_DIR/voice.wav
audio_player aubridge,none
audio_alert aubridge,none
ausrc_srate 48000
auplay_srate 48000
opus_stereo no
opus_sprop_stereo no
sip_listen $(address4 "$2"):$4
rtp_ports $(($4 + 940))-$(($4 + 958))
END
    echo "<sip:$1@$(address4 "$2"):$4>;regint=0;answermode=auto$5" >"$place/accounts"
    touch "$place/contacts"
}

# The three calls: codec, port of the phone that answers, options of both.
phone_of() {
    codec=$(echo g711 g722 opus | cut -d ' ' -f "$1")
    port=$((5060 + ($1 - 1) * 20))
    options=
    [ "$codec" != opus ] || options=';mediaenc=srtp-mand'
}

servers() {
    local number codec port options protocol
    ffmpeg -v error -f lavfi -i anoisesrc=d=60:c=pink:r=48000 -ac 1 \
        -af "volume='max(0,sin(t*1.3))*abs(sin(t*9))':eval=frame" "$LAB_DIR/voice.wav"
    for number in 1 2 3; do
        phone_of $number
        phone_prepare "answers-$number" s4 "$codec" $port "$options"
        start_on s4 sip baresip -f "$LAB_DIR/phone-answers-$number"
        wait_for 10 listening s4 udp $port
        protocol=rtp
        [ "$codec" != opus ] || protocol=srtp
        flows_are sip udp "$(address4 s4)" $port
        flows_are $protocol udp "$(address4 s4)" $((port + 940))-$((port + 958))
    done
}

caller() {
    local codec port options
    phone_of "$1"
    phone_prepare "calls-$1" "c$1" "$codec" $port "$options"
    think 800
    run_on "c$1" sip baresip -f "$LAB_DIR/phone-calls-$1" -t 22 \
        -e "/dial sip:answers-$1@$(address4 s4):$port"
}

clients() {
    users 3 caller
}
