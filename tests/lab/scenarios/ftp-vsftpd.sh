# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# Files over FTP, passive and active, plain and TLS: vsftpd; curl and lftp.
packages="vsftpd curl lftp"
names="files=s2"
shows="ftp.request.command == \"EPSV\" or ftp.request.command == \"PASV\"
ftp.request.command == \"EPRT\" or ftp.request.command == \"PORT\"
ftp.request.command == \"AUTH\""

servers() {
    www_fill
    cat >"$LAB_DIR/vsftpd.conf" <<END
listen=YES
background=NO
anonymous_enable=YES
anon_root=$www
secure_chroot_dir=$www
connect_from_port_20=YES
pasv_min_port=50000
pasv_max_port=50999
ssl_enable=YES
allow_anon_ssl=YES
force_local_data_ssl=NO
force_local_logins_ssl=NO
require_ssl_reuse=NO
rsa_cert_file=$LAB_DIR/cert.pem
rsa_private_key_file=$LAB_DIR/key.pem
END
    start_on s2 ftp vsftpd "$LAB_DIR/vsftpd.conf"
    wait_for 10 listening s2 tcp 21
    flows_are ftp tcp "$(address4 s2)" 21
    flows_are ftp-data tcp "$(address4 s2)" 50000-50999
    flows_are ftp-data tcp "$(address4 s2)" 20
}

fetcher() {
    local page=$1
    curl_on "c$1" "ftp://files.$LAB_ZONE/picture-$page-[1-6].jpg"
    think 600
    curl_on "c$1" --ftp-port - "ftp://files.$LAB_ZONE/picture-$page-[1-3].jpg"
    think 600
    curl_on "c$1" --ssl-reqd "ftp://files.$LAB_ZONE/picture-$page-[1-3].jpg"
    run_on "c$1" ftp lftp -c "set ssl:ca-file $LAB_DIR/ca.pem; open files.$LAB_ZONE;
        ls; mirror --parallel=2 --include=picture-$page / $LAB_DIR/mirror-$1"
}

clients() {
    users 2 fetcher
}
