#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Makes the sample capture, tests/data/sample.pcap with its truth sample.csv: a few seconds of many
# real programs at once between five subscribers and four servers, seen at the router.
# Usage: sample.sh [DIRECTORY]   (root; under two minutes; installs the Debian packages it misses)
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=lib.sh
. "$here/lib.sh"

out=${1:-$here/../data}
SMALLEST=300000 LARGEST=1000000 # bytes of the capture, below and above which something went wrong

lab_open
lab_need iproute2 ethtool tcpdump tshark openssl nginx-light curl wget caddy ngtcp2-client \
    unbound bind9-dnsutils openssh-server expect exim4-daemon-light swaks \
    libnet-ssleay-perl libio-socket-ssl-perl dovecot-imapd \
    dovecot-pop3d chrony ntpsec-ntpdig transmission-cli aria2 opentracker mktorrent mosquitto \
    mosquitto-clients dnsmasq busybox iputils-ping snmpd snmp vsftpd tftpd-hpa tftp-hpa ngircd ii \
    sip-tester redis-server rsync
lab_hosts 5 4

# ---- contents: incompressible, so that their size is what travels -------------------------------

www=$LAB_DIR/www
mkdir -p "$www"
for size in 2 5 9 14 22 40; do
    head -c ${size}000 /dev/urandom >"$www/image-$size.jpg"
done
{
    echo "<!doctype html><title>Sample</title>"
    for line in {1..30}; do
        echo "<p>Paragraph $line of a page with pictures.</p>"
    done
    for size in 2 5 9 14; do
        echo "<img src=image-$size.jpg>"
    done
} >"$www/index.html"
head -c 70000 /dev/urandom >"$LAB_DIR/film.mkv"
chmod -R a+rX "$LAB_DIR"

# ---- servers ------------------------------------------------------------------------------------

ca_new www video video6 mail files
ca=$LAB_DIR/ca.pem cert=$LAB_DIR/cert.pem key=$LAB_DIR/key.pem
txt=$(printf '"%0250d" ' {1..8})
echo "local-data: 'long.$LAB_ZONE. 600 IN TXT $txt'" >"$LAB_DIR/zone"
resolver_start www=s1/6 video=s1 video6=s1/6 mail=s2 files=s2 shell=s2/6 time=s3 \
    tracker=s3 broker=s3 phone=s4 chat=s4 store=s4

web_start() {
    cat >"$LAB_DIR/nginx.conf" <<END
daemon off; user root; pid $LAB_DIR/nginx.pid; error_log stderr;
events {}
http {
    access_log off; types { text/html html; image/jpeg jpg; }
    server { listen 80; listen [::]:80; root $www; }
    server {
        listen 443 ssl http2; listen [::]:443 ssl http2; root $www;
        ssl_certificate $cert; ssl_certificate_key $key;
    }
}
END
    cat >"$LAB_DIR/Caddyfile" <<END
{
    admin off
    auto_https off
}
https://video.$LAB_ZONE:8443, https://video6.$LAB_ZONE:8443 {
    tls $cert $key
    root * $www
    file_server
}
END
    start_on s1 web nginx -c "$LAB_DIR/nginx.conf"
    start_on s1 web env HOME="$LAB_DIR" caddy run --config "$LAB_DIR/Caddyfile" --adapter caddyfile
    flows_are http tcp '*' 80
    flows_are tls tcp '*' 443
    flows_are quic udp "$(address4 s1)" 8443
    flows_are quic udp "$(address6 s1)" 8443
}

ssh_start() {
    ssh-keygen -q -t ed25519 -N '' -f "$LAB_DIR/host-key"
    ssh-keygen -q -t ed25519 -N '' -f "$LAB_DIR/user-key"
    mkdir -p /run/sshd
    start_on s2 ssh /usr/sbin/sshd -D -f /dev/null -h "$LAB_DIR/host-key" -o StrictModes=no \
        -o PermitRootLogin=yes -o AuthorizedKeysFile="$LAB_DIR/user-key.pub" -o PidFile=none \
        -o Subsystem='sftp internal-sftp'
    flows_are ssh tcp '*' 22
}

mail_start() {
    cat >"$LAB_DIR/exim.conf" <<END
primary_hostname = mail.$LAB_ZONE
spool_directory = $LAB_DIR/exim
log_file_path = $LAB_DIR/exim/%slog
keep_environment =
daemon_smtp_ports = 25 : 587
tls_advertise_hosts = *
tls_certificate = $cert
tls_privatekey = $key
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
    cat >"$LAB_DIR/dovecot.conf" <<END
base_dir = $LAB_DIR/dovecot
log_path = $LAB_DIR/dovecot.log
protocols = imap pop3
ssl = yes
ssl_cert = <$cert
ssl_key = <$key
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
    mkdir -p "$LAB_DIR"/exim "$LAB_DIR"/mailbox/{cur,new,tmp}
    local letter
    for letter in {1..4}; do
        {
            printf 'From: ann@%s\nTo: bob@%s\nSubject: Letter %s\n\n' $LAB_ZONE $LAB_ZONE "$letter"
            head -c $((letter * 2000)) /dev/urandom | base64
        } >"$LAB_DIR/mailbox/new/170000000$letter.M1.mail"
    done
    chown -R Debian-exim "$LAB_DIR/exim"
    chown -R mail:mail "$LAB_DIR/mailbox"
    start_on s2 smtp exim4 -C "$LAB_DIR/exim.conf" -bdf -q1h
    start_on s2 mailbox dovecot -F -c "$LAB_DIR/dovecot.conf"
    flows_are smtp tcp "$(address4 s2)" 25
    flows_are smtp tcp "$(address4 s2)" 587
    flows_are imap tcp "$(address4 s2)" 143
    flows_are pop3 tcp "$(address4 s2)" 110
}

files_start() {
    cat >"$LAB_DIR/vsftpd.conf" <<END
listen=YES
background=NO
anonymous_enable=YES
anon_root=$www
secure_chroot_dir=$www
pasv_min_port=50000
pasv_max_port=50009
END
    cat >"$LAB_DIR/rsyncd.conf" <<END
use chroot = no
[pages]
path = $www
END
    start_on s2 ftp vsftpd "$LAB_DIR/vsftpd.conf"
    start_on s2 rsync rsync --daemon --no-detach --config="$LAB_DIR/rsyncd.conf"
    start_on s4 tftp in.tftpd --foreground --secure --address "$(address4 s4):69" "$www"
    flows_are ftp tcp "$(address4 s2)" 21
    flows_are ftp-data tcp "$(address4 s2)" 50000-50009
    flows_are rsync tcp "$(address4 s2)" 873
}

small_services_start() {
    cat >"$LAB_DIR/chrony.conf" <<END
local stratum 2
allow all
cmdport 0
bindcmdaddress /
pidfile $LAB_DIR/chrony.pid
END
    printf 'listener 1883\nallow_anonymous true\n' >"$LAB_DIR/mosquitto.conf"
    cat >"$LAB_DIR/snmpd.conf" <<END
rocommunity public
sysName sample
sysDescr sample host
sysLocation lab
END
    cat >"$LAB_DIR/ngircd.conf" <<END
[Global]
Name = chat.$LAB_ZONE
Info = Sample chat
PidFile = $LAB_DIR/ngircd.pid
[Options]
Ident = no
PAM = no
DNS = no
END
    start_on s3 ntp chronyd -d -x -u root -f "$LAB_DIR/chrony.conf"
    start_on s3 mqtt mosquitto -c "$LAB_DIR/mosquitto.conf"
    start_on s4 snmp snmpd -f -Lo -C -c "$LAB_DIR/snmpd.conf" udp:161
    start_on s4 irc ngircd -n -f "$LAB_DIR/ngircd.conf"
    start_on s4 redis redis-server --bind 0.0.0.0 --protected-mode no --save '' --dir "$LAB_DIR"
    start_on s4 sip sipp -sn uas -i "$(address4 s4)" -p 5060 -mi "$(address4 s4)" -mp 6000 \
        -rtp_echo -nostdin
    start_on isp dhcp dnsmasq --conf-file=/dev/null --no-daemon --port=0 --interface=access \
        --dhcp-range=$LAB_SUBSCRIBERS4.100,$LAB_SUBSCRIBERS4.120,1h \
        --dhcp-option=6,$LAB_SERVERS4.2 --dhcp-leasefile="$LAB_DIR/leases"
    flows_are ntp udp "$(address4 s3)" 123
    flows_are mqtt tcp "$(address4 s3)" 1883
    flows_are snmp udp "$(address4 s4)" 161
    flows_are irc tcp "$(address4 s4)" 6667
    flows_are redis tcp "$(address4 s4)" 6379
    flows_are sip udp "$(address4 s4)" 5060
    flows_are rtp udp "$(address4 s4)" 6000-6003
    flows_are tftp udp "$(address4 s4)" '*'
    flows_are dhcp udp '*' 67
}

# A tracker and a seeder on the far side of the router; c4 and c5 fetch from it and from each other.
swarm_start() {
    mktorrent -l 15 -a "http://tracker.$LAB_ZONE:6969/announce" -o "$LAB_DIR/film.torrent" \
        "$LAB_DIR/film.mkv" >/dev/null
    transmission-show "$LAB_DIR/film.torrent" | awk '/Hash:/ { print $2 }' >"$LAB_DIR/whitelist"
    start_on s3 bittorrent opentracker -w "$LAB_DIR/whitelist" -i "$(address4 s3)" -p 6969 -P 6969
    wait_for 10 listening s3 tcp 6969
    peer_start s3 seeder "$LAB_DIR" --encryption-tolerated
    wait_for 20 grep -q Seeding "$LAB_DIR/log/bittorrent"
    flows_are bittorrent-tracker tcp "$(address4 s3)" 6969
    flows_are bittorrent-dht udp '*' 6881-6999
    flows_are utp udp '*' 51413 # DHT too, on the same port
    flows_are bittorrent tcp '*' 51413
    flows_are bittorrent tcp '*' 6881-6999
}

# peer_start HOST NAME FOLDER OPTION: a transmission peer with the film's torrent.
peer_start() {
    mkdir -p "$LAB_DIR/$2"
    echo "tracker.$LAB_ZONE 6881" >"$LAB_DIR/$2/dht.bootstrap"
    start_on "$1" bittorrent transmission-cli -g "$LAB_DIR/$2" -w "$3" -p 51413 -M "$4" \
        "$LAB_DIR/film.torrent"
}

# ---- subscribers --------------------------------------------------------------------------------

browse() {
    local page name
    for page in index.html image-14.jpg image-5.jpg; do
        run_on c1 web curl -s --cacert "$ca" -o "$LAB_DIR/got" "https://www.$LAB_ZONE/$page"
        sleep 0.7
    done
    run_on c1 web curl -s -6 --tls-max 1.2 --cacert "$ca" -o "$LAB_DIR/got" \
        "https://www.$LAB_ZONE/image-9.jpg"
    run_on c2 web wget -q -r -l 1 -P "$LAB_DIR/mirror" "http://www.$LAB_ZONE/index.html" || true
    run_on c2 web curl -s -o "$LAB_DIR/got" "http://www.$LAB_ZONE/image-{2,5}.jpg"
    run_on c2 web curl -s -6 -o "$LAB_DIR/got" "http://www.$LAB_ZONE/image-14.jpg"
    for name in video video6; do
        run_on c1 web gtlsclient -q --exit-on-all-streams-close $name.$LAB_ZONE 8443 \
            "https://$name.$LAB_ZONE:8443/image-22.jpg" "https://$name.$LAB_ZONE:8443/index.html"
    done
}

look_up() {
    local name
    for name in www video nowhere mail chat time; do
        run_on c3 dns dig +tries=1 "$name.$LAB_ZONE" ANY
        run_on c3 dns dig +tries=1 -x "$(address4 s1)"
        sleep 0.4
    done
    run_on c3 dns dig +tcp www.$LAB_ZONE AAAA
    run_on c3 dns dig long.$LAB_ZONE TXT
    run_on c3 dns dig @$LAB_SERVERS6:2 phone.$LAB_ZONE
}

type_and_copy() {
    local options=(-i "$LAB_DIR/user-key" -o StrictHostKeyChecking=no
        -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR)
    run_on c3 ssh expect - <<END
set send_human {.12 .3 1 .04 .9}
spawn -noecho ssh ${options[*]} -tt root@shell.$LAB_ZONE sh
foreach line {"ls /usr/share" "date" "cat /etc/services | head -n 40" "exit"} {
    sleep 0.6
    send -h "\$line\r"
}
expect eof
END
    run_on c3 ssh scp "${options[@]}" "$www/image-22.jpg" root@shell.$LAB_ZONE:"$LAB_DIR/copied"
}

write_and_read() {
    local tls
    for tls in '' --tls; do
        # shellcheck disable=SC2086 # no word when empty
        run_on c2 mail swaks --silent 2 --server mail.$LAB_ZONE --helo c2.$LAB_ZONE $tls \
            --from bob@$LAB_ZONE --to ann@$LAB_ZONE --attach "@$www/image-5.jpg" \
            --header 'Subject: sample'
    done
    run_on c2 mail curl -s --cacert "$ca" --ssl-reqd "smtp://mail.$LAB_ZONE:587" \
        --mail-from bob@$LAB_ZONE --mail-rcpt eve@$LAB_ZONE -T "$www/index.html"
    for tls in '' --ssl-reqd; do
        # shellcheck disable=SC2086
        run_on c2 mail curl -s $tls --cacert "$ca" -u bob:secret \
            "imap://mail.$LAB_ZONE/INBOX;MAILINDEX=[1-3]"
        # shellcheck disable=SC2086
        run_on c2 mail curl -s $tls --cacert "$ca" -u bob:secret "pop3://mail.$LAB_ZONE/[1-2]"
    done
}

fetch_files() {
    run_on c4 ftp curl -s --remote-name-all --output-dir "$LAB_DIR/mirror" \
        "ftp://files.$LAB_ZONE/image-14.jpg"
    run_on c4 ftp curl -s "ftp://files.$LAB_ZONE/"
    run_on c4 rsync rsync -a "rsync://files.$LAB_ZONE/pages/image-9.jpg" "$LAB_DIR/mirror/"
    run_on c4 tftp tftp -m binary "$(address4 s4)" -c get image-5.jpg /dev/null
}

telemeter() {
    run_on c5 mqtt mosquitto_sub -h broker.$LAB_ZONE -t 'home/#' -C 8 &
    run_on c5 snmp snmpwalk -m "" -v 2c -c public store.$LAB_ZONE 1.3.6.1.2.1.1
    local reading
    for reading in {1..8}; do
        run_on c3 mqtt mosquitto_pub -h broker.$LAB_ZONE -t home/temperature -m "20.$reading" -q 1
        sleep 0.3
    done
    run_on c4 ntp chronyd -Q -t 10 -f /dev/null "server time.$LAB_ZONE iburst" \
        "pidfile $LAB_DIR/chrony-client.pid"
    run_on c5 ntp ntpdig time.$LAB_ZONE
    run_on c5 redis redis-cli -h store.$LAB_ZONE set visits 41
    run_on c5 redis redis-cli -h store.$LAB_ZONE incr visits
    run_on c1 ping ping -4 -c 3 -i 0.5 www.$LAB_ZONE
    run_on c1 ping ping -6 -c 3 -i 0.5 www.$LAB_ZONE
    run_on c5 dhcp busybox udhcpc -i eth0 -n -q -f -s /bin/true
}

chat() {
    local nick root line
    local -A home=([ann]=c3 [bob]=c4)
    for nick in ann bob; do
        start_on "${home[$nick]}" irc ii -i "$LAB_DIR/irc-$nick" -s chat.$LAB_ZONE -n $nick
    done
    for nick in ann bob; do
        root=$LAB_DIR/irc-$nick/chat.$LAB_ZONE
        wait_for 10 test -p "$root/in"
        sleep 1
        echo "/j #glass" >"$root/in"
        wait_for 10 test -p "$root/#glass/in"
    done
    for line in hello "did you read the report?" "not yet, is it long" "two pages" tonight; do
        echo "$line" >"$LAB_DIR/irc-ann/chat.$LAB_ZONE/#glass/in"
        sleep 0.$((RANDOM % 9 + 1))
        echo "so: $line" >"$LAB_DIR/irc-bob/chat.$LAB_ZONE/#glass/in"
    done
}

call() {
    ln -s /usr/share/sip-tester "$LAB_DIR/pcap" # the scenario names its audio as pcap/g711a.pcap
    cd "$LAB_DIR"
    run_on c5 sip sipp -sn uac_pcap -i "$(address4 c5)" -p 5060 -mp 6010 -m 1 -d 1000 -nostdin \
        -timeout 15 "$(address4 s4):5060" || true
}

share() {
    peer_start c4 leecher "$LAB_DIR/leecher" --encryption-preferred
    run_on c5 bittorrent timeout 25 aria2c -q --dir "$LAB_DIR/aria" --listen-port=6890 \
        --dht-listen-port=6891 --enable-dht=true --dht-file-path="$LAB_DIR/dht.dat" \
        --seed-time=0.2 --bt-tracker-interval=5 --file-allocation=none "$LAB_DIR/film.torrent"
}

# ---- the sample ---------------------------------------------------------------------------------

# missing_from CAPTURE: the expected kinds of traffic that a protocol analyser does not find in it.
missing_from() {
    local kind filter
    while read -r kind filter; do
        [ -n "$(analyse "$1" "$filter")" ] || echo "$kind"
    done <<END
http http.request
tls tls.handshake.type == 1 && tcp.port == 443
tls-1.2 tls.handshake.type == 16
tls-over-ipv6 ipv6 && tls
quic quic.long.packet_type == 0
dns-udp udp && dns
dns-tcp tcp && dns
ssh ssh.protocol
smtp smtp.req.command == "EHLO"
smtp-starttls tcp.port == 25 && tls
imap imap.request
pop3 pop.request
ntp ntp
bittorrent bittorrent
bittorrent-utp udp.port == 51413 && udp.length > 1000
bittorrent-dht bt-dht
ftp ftp.request.command == "PASV" or ftp.request.command == "EPSV"
tftp tftp
rsync tcp.port == 873 && tcp.len > 0
mqtt mqtt.msgtype == 3
snmp snmp
irc irc.request
redis tcp.port == 6379 && tcp.len > 0
sip sip.Method == "INVITE"
rtp udp.port == 6000
icmp icmp.type == 8
icmpv6 icmpv6.type == 128
arp arp
dhcp dhcp
END
}

web_start
ssh_start
mail_start
files_start
small_services_start
for listener in "s1 tcp 80" "s1 udp 8443" "s2 tcp 22" "s2 tcp 25" "s2 tcp 143" "s2 tcp 21" \
    "s2 tcp 873" "s3 udp 123" "s3 tcp 1883" "s4 udp 69" "s4 udp 161" "s4 tcp 6667" "s4 tcp 6379" \
    "s4 udp 5060"; do
    # shellcheck disable=SC2086 # three words
    wait_for 15 listening $listener
done
flows_are dns udp '*' 53
flows_are dns tcp '*' 53

capture=$LAB_DIR/sample.pcap
swarm_start
capture_start "$capture"
lab_say "capturing at the router"
users=()
for use in browse look_up type_and_copy write_and_read fetch_files telemeter chat call share; do
    { $use || true; } >>"$LAB_DIR/log/$use" 2>&1 </dev/null &
    users+=($!)
done
for user in "${users[@]}"; do
    wait "$user" # what did not come about, missing_from says
done
capture_stop

absent=$(missing_from "$capture")
[ -z "$absent" ] || lab_die "not in the capture: ${absent//$'\n'/ }"
truth_write "$capture" >"$LAB_DIR/sample.csv"
bytes=$(stat -c %s "$capture")
((bytes >= SMALLEST && bytes <= LARGEST)) ||
    lab_die "the capture has $bytes bytes, expected $SMALLEST to $LARGEST"
cp "$capture" "$LAB_DIR/sample.csv" "$out/"
lab_say "$bytes bytes, $(($(wc -l <"$LAB_DIR/sample.csv") - 1)) flows in $out/sample.pcap"
