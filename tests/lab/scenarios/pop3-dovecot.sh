# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# Mail fetched over POP3: dovecot; curl and fetchmail; plain, STARTTLS and TLS.
packages="dovecot-imapd dovecot-pop3d curl fetchmail"
names="mail=s2"
shows="pop.request
tls && tcp.port == 110
tls && tcp.port == 995"

servers() {
    dovecot_start
}

reader() {
    local option
    for option in "" --ssl-reqd; do
        curl_on "c$1" $option -u "bob$1:secret" "pop3://mail.$LAB_ZONE/[1-5]"
        think 800
        curl_on "c$1" $option -u "bob$1:secret" "pop3://mail.$LAB_ZONE/"
    done
    curl_on "c$1" -u "bob$1:secret" "pop3s://mail.$LAB_ZONE/[1-3]"
    printf 'poll mail.%s protocol pop3 user bob password secret fetchall keep mda "cat >/dev/null"\n' \
        $LAB_ZONE >"$LAB_DIR/fetchmailrc-$1"
    chmod 600 "$LAB_DIR/fetchmailrc-$1"
    run_on "c$1" mail env FETCHMAILHOME="$LAB_DIR" fetchmail --silent --sslproto '' \
        -f "$LAB_DIR/fetchmailrc-$1"
}

clients() {
    users 3 reader
}
