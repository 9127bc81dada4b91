# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# Uploads over TLS with WebDAV's PUT: nginx; curl.
packages="nginx-light curl"
names="www=s1"
shows="tls.handshake.type == 2"

servers() {
    www_fill
    nginx_start "dav_methods PUT;"
}

uploader() {
    local upload
    for upload in {1..5}; do
        draw_size 20000 3000000
        filler "$DRAWN" >"$LAB_DIR/upload-$1"
        curl_on "c$1" -T "$LAB_DIR/upload-$1" "https://www.$LAB_ZONE/upload-$1-$upload"
        think 500
    done
}

clients() {
    users 2 uploader
}
