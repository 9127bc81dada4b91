# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# Mail sent to a server in Python: plain, STARTTLS and TLS; swaks and curl.
packages="python3-aiosmtpd swaks libnet-ssleay-perl libio-socket-ssl-perl curl"
names="mail=s2"
shows="smtp.req.command == \"EHLO\"
tls && tcp.port == 25"

servers() {
    aiosmtpd_start
}

writer() {
    local letter option
    for letter in {1..3}; do
        for option in "" --tls; do
            letter_write "$LAB_DIR/letter-$1"
            run_on "c$1" mail swaks --silent 2 --server mail.$LAB_ZONE $option \
                --from bob@$LAB_ZONE --to ann@$LAB_ZONE --attach "@$LAB_DIR/letter-$1"
            think 600
        done
        run_on "c$1" mail curl -s --cacert "$LAB_DIR/ca.pem" "smtps://mail.$LAB_ZONE" \
            --mail-from bob@$LAB_ZONE --mail-rcpt eve@$LAB_ZONE -T "$LAB_DIR/letter-$1"
    done
}

clients() {
    users 2 writer
}
