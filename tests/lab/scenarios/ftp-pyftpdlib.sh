# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# Files over FTP, passive and active: a server in Python; curl, lftp and uploads.
packages="python3-pyftpdlib curl lftp"
names="files=s2"
shows="ftp.request.command == \"STOR\"
ftp.request.command == \"EPRT\" or ftp.request.command == \"PORT\""

servers() {
    www_fill
    start_on s2 ftp python3 -m pyftpdlib -i 0.0.0.0 -p 21 -w -d "$www" -r 50000-50999
    wait_for 10 listening s2 tcp 21
    flows_are ftp tcp "$(address4 s2)" 21
    flows_are ftp-data tcp "$(address4 s2)" '*'
}

fetcher() {
    local page=$(($1 + 3))
    curl_on "c$1" "ftp://files.$LAB_ZONE/picture-$page-[1-6].jpg"
    think 600
    curl_on "c$1" --ftp-port - "ftp://files.$LAB_ZONE/picture-$page-[1-3].jpg"
    draw_size 20000 1000000
    filler "$DRAWN" >"$LAB_DIR/upload-$1"
    curl_on "c$1" -T "$LAB_DIR/upload-$1" "ftp://files.$LAB_ZONE/upload-$1"
    run_on "c$1" ftp lftp -c "open files.$LAB_ZONE; ls; get page-$page.html -o $LAB_DIR/page-$1"
}

clients() {
    users 3 fetcher
}
