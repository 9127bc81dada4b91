# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# Plain web: nginx; curl and wget.
packages="nginx-light curl wget"
names="www=s1/6"
shows="http.request && http.user_agent contains \"curl\"
http.request && http.user_agent contains \"Wget\""

servers() {
    www_fill
    nginx_start ""
}

visitor() {
    pages_visit "c$1" http 6
    run_on "c$1" web wget -q -p -P "$LAB_DIR/mirror-$1" "http://www.$LAB_ZONE/page-$1.html"
}

clients() {
    users 3 visitor
}
