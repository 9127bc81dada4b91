# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# Browsers without a screen, pages that turn themselves, and a room pages talk in.

# pages_turn SECONDS: makes each page of www_fill lead to the next after that time.
pages_turn() {
    local page
    for page in {1..8}; do
        sed -i "1s|^|<meta http-equiv=refresh content='$1;url=page-$((page % 8 + 1)).html'>|" \
            "$www/page-$page.html"
    done
}

# pages_came HOST BYTES: until so much has come to the host, that is until the page runs; then the
# caller's time begins. A browser that is late on a busy machine has its time all the same.
pages_came() {
    wait_for 60 received_more "$1" "$2"
}

# chromium_start HOST URL OPTION...: trusts the lab's certificate by its key, also over QUIC.
chromium_start() {
    local host=$1 url=$2 key
    shift 2
    key=$(openssl x509 -in "$LAB_DIR/cert.pem" -noout -pubkey | openssl pkey -pubin -outform der |
        openssl dgst -sha256 -binary | base64)
    start_on "$host" web env HOME="$LAB_DIR/chromium-$host" nice chromium --headless --no-sandbox \
        --disable-gpu --no-first-run --disable-background-networking --disable-component-update \
        --disable-dev-shm-usage --user-data-dir="$LAB_DIR/chromium-$host" \
        --ignore-certificate-errors --ignore-certificate-errors-spki-list="$key" \
        --autoplay-policy=no-user-gesture-required --remote-debugging-port=0 "$@" "$url"
}

# firefox_start HOST URL: with the lab's authority in its store.
firefox_start() {
    local profile=$LAB_DIR/firefox-$1
    mkdir -p "$profile"
    certutil -N -d "sql:$profile" --empty-password
    certutil -A -d "sql:$profile" -n lab -t C,, -i "$LAB_DIR/ca.pem"
    cat >"$profile/user.js" <<END
user_pref("browser.shell.checkDefaultBrowser", false);
user_pref("datareporting.policy.dataSubmissionEnabled", false);
user_pref("network.captive-portal-service.enabled", false);
user_pref("app.update.enabled", false);
END
    start_on "$1" web env HOME="$profile" nice firefox-esr --headless --no-remote --profile "$profile" "$2"
}

# room_start: the room of room.py on s1.
room_start() {
    start_on s1 web /usr/bin/python3 "$here/parts/room.py" "$www" "$LAB_DIR/cert.pem" "$LAB_DIR/key.pem"
    wait_for 15 listening s1 tcp 443
}

# call_page CONFIGURATION: call.html, which calls whoever else enters the room. The one who finds
# the room empty waits; the newcomer's "hello" makes him call.
call_page() {
    www=$LAB_DIR/www
    mkdir -p "$www"
    cat >"$www/call.html" <<END
<video id=seen autoplay muted></video>
<script>
const room = new WebSocket("wss://" + location.host + "/room");
const peer = new RTCPeerConnection($1);
const say = (what) => room.send(JSON.stringify(what));
peer.onicecandidate = (event) => event.candidate && say({candidate: event.candidate});
peer.ontrack = (event) => seen.srcObject = event.streams[0];
const ready = navigator.mediaDevices.getUserMedia({audio: true,
    video: {width: 320, height: 240, frameRate: 15}})
    .then((media) => media.getTracks().forEach((track) => peer.addTrack(track, media)));
room.onopen = () => ready.then(() => say({hello: true}));
room.onmessage = async (event) => {
    const heard = JSON.parse(event.data);
    await ready;
    if (heard.hello) {
        await peer.setLocalDescription(await peer.createOffer());
        say({description: peer.localDescription});
    } else if (heard.description) {
        await peer.setRemoteDescription(heard.description);
        if (heard.description.type === "offer") {
            await peer.setLocalDescription(await peer.createAnswer());
            say({description: peer.localDescription});
        }
    } else if (heard.candidate)
        await peer.addIceCandidate(heard.candidate);
};
</script>
END
}
