# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# Web contents, web servers on s1, and people who browse them with command-line clients.

# www_fill: a site of pages with pictures of heavy-tailed sizes, and files to download, in $www.
www_fill() {
    www=$LAB_DIR/www
    local page picture
    mkdir -p "$www"
    for page in {1..8}; do
        {
            echo "<!doctype html><title>Page $page</title>"
            draw_size 20 400
            for ((line = 0; line < DRAWN; line++)); do
                echo "<p>Line $line of page $page, which has something to say."
            done
            for picture in {1..6}; do
                draw_size 2000 300000
                filler "$DRAWN" >"$www/picture-$page-$picture.jpg"
                echo "<img src=picture-$page-$picture.jpg>"
            done
            echo "<a href=page-$((page % 8 + 1)).html>next</a>"
        } >"$www/page-$page.html"
    done
    cp "$www/page-1.html" "$www/index.html"
    filler 4000000 >"$www/large.iso"
    chmod -R a+rX "$www"
}

# nginx_start DIRECTIVES: nginx on s1, ports 80 and 443, with more directives for its servers.
nginx_start() {
    mkdir -p "$LAB_DIR/nginx"
    cat >"$LAB_DIR/nginx.conf" <<END
daemon off; user root; worker_processes 1; pid $LAB_DIR/nginx.pid; error_log stderr;
events {}
http {
    access_log off; client_max_body_size 100m; client_body_temp_path $LAB_DIR/nginx;
    types {
        text/html html; image/jpeg jpg; application/dash+xml mpd; video/mp4 m4s mp4;
        application/vnd.apple.mpegurl m3u8; video/mp2t ts;
    }
    server { listen 80; listen [::]:80; root $www; $1 }
    server {
        listen 443 ssl http2; listen [::]:443 ssl http2; root $www; $1
        ssl_certificate $LAB_DIR/cert.pem; ssl_certificate_key $LAB_DIR/key.pem;
    }
}
END
    start_on s1 web nginx -c "$LAB_DIR/nginx.conf"
    wait_for 10 listening s1 tcp 443
    web_flows
}

apache_start() {
    cat >"$LAB_DIR/apache.conf" <<END
ServerName www.$LAB_ZONE
ServerRoot /usr/lib/apache2
PidFile $LAB_DIR/apache.pid
ErrorLog $LAB_DIR/log/apache
Mutex file:$LAB_DIR
LoadModule mpm_event_module modules/mod_mpm_event.so
LoadModule authz_core_module modules/mod_authz_core.so
LoadModule ssl_module modules/mod_ssl.so
LoadModule http2_module modules/mod_http2.so
LoadModule mime_module modules/mod_mime.so
TypesConfig /etc/mime.types
Listen 80
Listen 443
DocumentRoot $www
<Directory $www>
    Require all granted
</Directory>
<VirtualHost *:443>
    Protocols h2 http/1.1
    SSLEngine on
    SSLCertificateFile $LAB_DIR/cert.pem
    SSLCertificateKeyFile $LAB_DIR/key.pem
</VirtualHost>
END
    start_on s1 web apache2 -DFOREGROUND -f "$LAB_DIR/apache.conf"
    wait_for 10 listening s1 tcp 443
    web_flows
}

lighttpd_start() {
    cat >"$LAB_DIR/lighttpd.conf" <<END
server.modules = ("mod_openssl")
server.document-root = "$www"
server.port = 80
server.use-ipv6 = "enable"
\$SERVER["socket"] == "0.0.0.0:80" { }
\$SERVER["socket"] == "0.0.0.0:443" {
    ssl.engine = "enable"
    ssl.pemfile = "$LAB_DIR/cert.pem"
    ssl.privkey = "$LAB_DIR/key.pem"
}
END
    start_on s1 web lighttpd -D -f "$LAB_DIR/lighttpd.conf"
    wait_for 10 listening s1 tcp 443
    web_flows
}

# caddy_start: HTTP/1.1, HTTP/2 and HTTP/3 on port 443.
caddy_start() {
    cat >"$LAB_DIR/Caddyfile" <<END
{
    admin off
    auto_https off
}
https://www.$LAB_ZONE {
    tls $LAB_DIR/cert.pem $LAB_DIR/key.pem
    root * $www
    file_server
}
END
    start_on s1 web env HOME="$LAB_DIR" caddy run --config "$LAB_DIR/Caddyfile" --adapter caddyfile
    wait_for 15 listening s1 tcp 443
    web_flows
    flows_are quic udp '*' 443
}

web_flows() {
    flows_are http tcp '*' 80
    flows_are tls tcp '*' 443
}

# curl_on HOST OPTION...
curl_on() {
    local host=$1
    shift
    run_on "$host" web curl -s --cacert "$LAB_DIR/ca.pem" -o "$LAB_DIR/got-$BASHPID" "$@"
}

# page_visit HOST SCHEME PAGE: a page and its pictures, over one connection as a browser would.
page_visit() {
    curl_on "$1" "$2://www.$LAB_ZONE/page-$3.html"
    curl_on "$1" --parallel "$2://www.$LAB_ZONE/picture-$3-[1-6].jpg"
}

# pages_visit HOST SCHEME COUNT: that many pages with time to read each.
pages_visit() {
    local visit
    for ((visit = 0; visit < $3; visit++)); do
        draw 8
        page_visit "$1" "$2" $((DRAWN + 1))
        think 700
    done
}
