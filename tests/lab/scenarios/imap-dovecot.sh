# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# Mail read over IMAP: dovecot; curl, fetchmail and mutt; plain, STARTTLS and TLS.
packages="dovecot-imapd dovecot-pop3d curl fetchmail mutt expect"
names="mail=s2"
shows="imap.request
tls && tcp.port == 143
tls && tcp.port == 993"

servers() {
    dovecot_start
}

reader() {
    local option letter
    for option in "" --ssl-reqd; do
        for letter in {1..4}; do
            draw 20
            curl_on "c$1" $option -u "bob$1:secret" \
                "imap://mail.$LAB_ZONE/INBOX;MAILINDEX=$((DRAWN + 1))"
            think 500
        done
        curl_on "c$1" $option -u "bob$1:secret" "imap://mail.$LAB_ZONE/INBOX;MAILINDEX=[1-6]"
    done
    curl_on "c$1" -u "bob$1:secret" "imaps://mail.$LAB_ZONE/INBOX;MAILINDEX=[3-9]"
    printf 'poll mail.%s protocol imap user bob password secret fetchall keep mda "cat >/dev/null"\n' \
        $LAB_ZONE >"$LAB_DIR/fetchmailrc-$1"
    chmod 600 "$LAB_DIR/fetchmailrc-$1"
    run_on "c$1" mail env FETCHMAILHOME="$LAB_DIR" fetchmail --silent --sslproto '' \
        -f "$LAB_DIR/fetchmailrc-$1"
}

clients() {
    users 2 reader &
    user_seed mutt
    TERM=xterm run_on c3 mail expect - <<END &
set timeout 10
spawn -noecho mutt -n -F /dev/null -e "set ssl_starttls=no" -f imap://bob:secret@mail.$LAB_ZONE/INBOX
sleep 2
foreach key {j j "\r" " " q j "\r" q q y} { send \$key; sleep 1 }
expect eof
END
    wait
}
