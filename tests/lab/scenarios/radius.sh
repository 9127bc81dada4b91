# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# Network logins over RADIUS: FreeRADIUS; radclient.
packages="freeradius freeradius-utils"
names="aaa=s4"
shows="radius.code == 2
radius.code == 5"

servers() {
    mkdir -p "$LAB_DIR/radius"
    cat >"$LAB_DIR/radius/radiusd.conf" <<END
prefix = /usr
name = radius
logdir = $LAB_DIR/log
radacctdir = $LAB_DIR/radius
raddbdir = $LAB_DIR/radius
run_dir = $LAB_DIR/radius
libdir = /usr/lib/freeradius
security {
    allow_vulnerable_openssl = yes
}
client all {
    ipaddr = 0.0.0.0/0
    secret = secret
}
modules {
    pap {
    }
    always ok {
        rcode = ok
    }
}
server default {
    listen {
        type = auth
        ipaddr = *
        port = 1812
    }
    listen {
        type = acct
        ipaddr = *
        port = 1813
    }
    authorize {
        update control {
            Cleartext-Password := "secret"
        }
        pap
    }
    authenticate {
        pap
    }
    preacct {
        ok
    }
    accounting {
        ok
    }
}
END
    start_on s4 radius freeradius -f -l stdout -d "$LAB_DIR/radius" -n radiusd
    wait_for 10 listening s4 udp 1812
    flows_are radius udp "$(address4 s4)" 1812-1813
}

gateway() {
    local round
    for round in {1..15}; do
        draw 100
        printf 'User-Name = "user%s"\nUser-Password = "secret"\nNAS-Port = %s\n' "$DRAWN" "$round" |
            run_on "c$1" radius radclient aaa.$LAB_ZONE auth secret
        printf 'User-Name = "user%s"\nAcct-Status-Type = Start\nAcct-Session-Id = "%s"\n' "$DRAWN" "$round" |
            run_on "c$1" radius radclient aaa.$LAB_ZONE acct secret
        think 400
    done
}

clients() {
    users 4 gateway
}
