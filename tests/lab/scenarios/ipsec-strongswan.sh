# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# Web and shares through IPsec with ESP in UDP, in user space: strongSwan.
packages="charon-cmd strongswan-charon strongswan-swanctl libcharon-extra-plugins libcharon-extauth-plugins nginx-light curl"
names="www=s1 vpn=s4"
carries="smb-samba"
seconds=60
shows="isakmp
udpencap && frame.len > 1000"

servers() {
    tunnel_exit s4
    ipsec_up s4 "connections {;all {;pools = users;local {;auth = psk;};remote {;auth = psk;}
        children {;all {;local_ts = 0.0.0.0/0;esp_proposals = aes128-sha256;};};};};pools {;users {;addrs = 10.8.0.8/29;};}
        secrets {;ike {;secret = secret-secret;};}"
    flows_are ipsec-ike udp "$(address4 s4)" 500
    flows_are ipsec-esp udp "$(address4 s4)" 4500
    inside_start
}

# ipsec_up HOST CONFIGURATION: a daemon with packets handled in user space, and its configuration,
# in which ; stands for a new line.
ipsec_up() {
    local place=$LAB_DIR/ipsec-$1
    mkdir -p "$place/run" "$place/swanctl"
    tr ';' '\n' <<<"$2" >"$place/swanctl/swanctl.conf"
    cat >"$place/strongswan.conf" <<END
charon-systemd { }
charon {
    load = random nonce aes sha1 sha2 hmac kdf pem pkcs1 x509 pubkey curve25519 gmp openssl kernel-libipsec kernel-netlink socket-default vici updown
    install_virtual_ip = yes
    plugins { vici { socket = unix://$place/run/vici } kernel-libipsec { allow_peer_ts = yes }
        socket-default { fwmark = 0x42 }
        kernel-netlink { fwmark = !0x42 } }
    filelog { stderr { default = 1 } }
}
swanctl { socket = unix://$place/run/vici }
END
    start_on "$1" ipsec sh -c "mount --bind $place/run /run &&
        STRONGSWAN_CONF=$place/strongswan.conf exec /usr/lib/ipsec/charon"
    wait_for 10 test -S "$place/run/vici"
    ipsec_do "$1" --load-all --file "$place/swanctl/swanctl.conf"
}

ipsec_do() {
    local host=$1
    shift
    run_on "$host" ipsec env STRONGSWAN_CONF="$LAB_DIR/ipsec-$host/strongswan.conf" swanctl "$@" \
        --uri "unix://$LAB_DIR/ipsec-$host/run/vici" >>"$LAB_DIR/log/swanctl" 2>&1
}

join() {
    ipsec_up "c$1" "connections {;vpn {;remote_addrs = $(address4 s4);vips = 0.0.0.0;encap = yes
        local {;auth = psk;id = user$1;};remote {;auth = psk;}
        children {;vpn {;esp_proposals = aes128-sha256;remote_ts = $LAB_SERVERS4.0/24;};};};}
        secrets {;ike {;secret = secret-secret;};}"
    ipsec_do "c$1" --initiate --child vpn
}

clients() {
    inside_use join
}
