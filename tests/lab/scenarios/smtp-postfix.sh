# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# Mail sent to postfix: plain, STARTTLS and TLS; swaks, curl, msmtp. Postfix cannot be installed
# beside exim, so that its files are only laid over /usr where it runs.
packages="libdb5.3 libicu72 libnsl2 libsasl2-2 swaks libnet-ssleay-perl libio-socket-ssl-perl curl msmtp"
names="mail=s2"
shows="smtp.req.command == \"EHLO\"
tls && tcp.port == 25
tls && tcp.port == 465"

servers() {
    postfix_start
}

sender() {
    local letter option to="--from bob@$LAB_ZONE --to ann@$LAB_ZONE"
    for option in "" --tls --tls-on-connect; do
        for letter in 1 2; do
            letter_write "$LAB_DIR/letter-$1"
            # shellcheck disable=SC2086 # words on purpose
            run_on "c$1" mail swaks --silent 2 --server mail.$LAB_ZONE $option $to \
                --attach "@$LAB_DIR/letter-$1"
            think 800
        done
        letter_write "$LAB_DIR/letter-$1"
        run_on "c$1" mail msmtp --host=mail.$LAB_ZONE --from=bob@$LAB_ZONE \
            --tls="$([ -n "$option" ] && echo on || echo off)" --tls-trust-file="$LAB_DIR/ca.pem" \
            ann@$LAB_ZONE <"$LAB_DIR/letter-$1"
        think 800
    done
    run_on "c$1" mail curl -s --cacert "$LAB_DIR/ca.pem" "smtps://mail.$LAB_ZONE" \
        --mail-from bob@$LAB_ZONE --mail-rcpt eve@$LAB_ZONE -T "$LAB_DIR/letter-$1"
}

clients() {
    users 2 sender
}
