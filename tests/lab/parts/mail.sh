# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# Mail servers on s2 with a full mailbox.

# exim_start: takes any mail and throws it away.
exim_start() {
    mkdir -p "$LAB_DIR/exim"
    chown Debian-exim "$LAB_DIR/exim"
    cat >"$LAB_DIR/exim.conf" <<END
primary_hostname = mail.$LAB_ZONE
spool_directory = $LAB_DIR/exim
log_file_path = $LAB_DIR/exim/%slog
keep_environment =
daemon_smtp_ports = 25 : 465 : 587
tls_on_connect_ports = 465
tls_advertise_hosts = *
tls_certificate = $LAB_DIR/cert.pem
tls_privatekey = $LAB_DIR/key.pem
acl_smtp_rcpt = taken
acl_smtp_data = taken
begin acl
taken:
    accept
begin routers
nowhere:
    driver = redirect
    data = :blackhole:
END
    start_on s2 smtp exim4 -C "$LAB_DIR/exim.conf" -bdf -q1h
    wait_for 10 listening s2 tcp 25
    smtp_flows
}

# aiosmtpd_start: the same by another program.
aiosmtpd_start() {
    start_on s2 smtp aiosmtpd -n -l 0.0.0.0:25 -c aiosmtpd.handlers.Sink \
        --tlscert "$LAB_DIR/cert.pem" --tlskey "$LAB_DIR/key.pem" --no-requiretls
    start_on s2 smtp aiosmtpd -n -l 0.0.0.0:465 -c aiosmtpd.handlers.Sink \
        --smtpscert "$LAB_DIR/cert.pem" --smtpskey "$LAB_DIR/key.pem"
    wait_for 10 listening s2 tcp 25
    wait_for 10 listening s2 tcp 465
    smtp_flows
}

# postfix_start: the same by a third program. Its processes run as mail, in place of a user of
# postfix's own.
postfix_start() {
    local place=$LAB_DIR/postfix
    lab_unpack postfix
    mkdir -p "$place"/{conf,data} "$place"/queue/{active,bounce,corrupt,defer,deferred,flush} \
        "$place"/queue/{hold,incoming,maildrop,pid,private,public,saved,trace}
    chown -R mail "$place/data" "$place"/queue/*
    chown root "$place/queue/pid"
    cat >"$place/conf/main.cf" <<END
compatibility_level = 3.6
queue_directory = $place/queue
data_directory = $place/data
daemon_directory = /usr/lib/postfix/sbin
command_directory = /usr/sbin
mail_owner = mail
setgid_group = uucp
myhostname = mail.$LAB_ZONE
mynetworks = 0.0.0.0/0
alias_maps =
local_recipient_maps =
smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination
default_transport = discard
local_transport = discard
smtpd_peername_lookup = no
smtpd_tls_security_level = may
smtpd_tls_cert_file = $LAB_DIR/cert.pem
smtpd_tls_key_file = $LAB_DIR/key.pem
maillog_file = /dev/stdout
END
    cat >"$place/conf/master.cf" <<END
smtp inet n - n - - smtpd
587 inet n - n - - smtpd
465 inet n - n - - smtpd -o smtpd_tls_wrappermode=yes
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
discard unix - - n - - discard
error unix - - n - - error
tlsmgr unix - - n 1000? 1 tlsmgr
proxymap unix - - n - - proxymap
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
END
    start_beside s2 smtp /usr/lib/postfix/sbin/master -c "$place/conf" -d
    wait_for 10 listening s2 tcp 25
    smtp_flows
}

smtp_flows() {
    flows_are smtp tcp "$(address4 s2)" 25
    flows_are smtp tcp "$(address4 s2)" 465
    flows_are smtp tcp "$(address4 s2)" 587
}

# dovecot_start: IMAP and POP3, plain, STARTTLS and TLS; any user, password "secret".
dovecot_start() {
    local letter
    mkdir -p "$LAB_DIR"/mailbox/{cur,new,tmp}
    for letter in {10..29}; do
        draw_size 1000 200000
        {
            printf 'From: ann@%s\nTo: bob@%s\nSubject: Letter %s\n' $LAB_ZONE $LAB_ZONE "$letter"
            printf 'Message-ID: <%s@%s>\n\n' "$letter" $LAB_ZONE
            filler "$DRAWN" | base64
        } >"$LAB_DIR/mailbox/cur/17000000$letter.M1.mail:2,"
    done
    chown -R mail:mail "$LAB_DIR/mailbox"
    cat >"$LAB_DIR/dovecot.conf" <<END
base_dir = $LAB_DIR/dovecot
log_path = $LAB_DIR/log/dovecot
protocols = imap pop3
ssl = yes
ssl_cert = <$LAB_DIR/cert.pem
ssl_key = <$LAB_DIR/key.pem
disable_plaintext_auth = no
first_valid_uid = 1
mail_location = maildir:$LAB_DIR/mailbox
passdb {
    driver = static
    args = password=secret
}
userdb {
    driver = static
    args = uid=mail gid=mail home=$LAB_DIR/mailbox
}
END
    start_on s2 mailbox dovecot -F -c "$LAB_DIR/dovecot.conf"
    wait_for 10 listening s2 tcp 143
    flows_are imap tcp "$(address4 s2)" 143
    flows_are imap tcp "$(address4 s2)" 993
    flows_are pop3 tcp "$(address4 s2)" 110
    flows_are pop3 tcp "$(address4 s2)" 995
}

# letter_write FILE: a letter with an attachment of a drawn size.
letter_write() {
    draw_size 500 300000
    {
        printf 'From: bob@%s\nTo: ann@%s\nSubject: Answer\n\n' $LAB_ZONE $LAB_ZONE
        filler "$DRAWN" | base64
    } >"$1"
}
