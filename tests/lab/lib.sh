#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Shell functions of the lab: hosts that are network namespaces around a router, programs that run
# on them in a cgroup named after their label, a capture at the router, and its truth.
#
#   c1 c2 ..                                      s1 s2 ..          cN: subscribers, sN: servers
#    └─┴── home ── uplink ══ link ══ access ── isp ──┴─┘            capture on "access"
#
# A script sources this file, calls lab_open, and everything it made is gone when it exits, however
# it exits. Programs are ended through their cgroup, so a daemon that forks away is ended too.
# shellcheck disable=SC2034 # variables here are read by the scripts that source this file
set -euo pipefail
export PATH=/usr/sbin:/usr/bin:/sbin:/bin:/usr/games # no other than Debian's programs

LAB_SUBSCRIBERS4=198.51.100 LAB_SUBSCRIBERS6=2001:db8:1:
LAB_SERVERS4=203.0.113      LAB_SERVERS6=2001:db8:2:
LAB_HOME4=192.168.1
LAB_ZONE=example.test
LAB_GLASSBOX=${GLASSBOX:-$(dirname "${BASH_SOURCE[0]}")/../../build/ctl/glassbox}
LAB_PLACE=
LAB_PATIENCE=${PATIENCE:-1}
LAB_THROUGH=
LAB_LOGS= # where the programs' logs are kept when the script fails; empty: nowhere

# The line between home and isp; a file in networks/ sets them otherwise. Empty LINE_UP and
# LINE_DOWN (the words link.c takes) make it a plain cable.
LINE_UP='' LINE_DOWN='' LINE_MTU=1500
LINE_NAT=''             # not empty: home masquerades the subscribers, who have private addresses
LINE_SENT_ONLY=''       # not empty: the capture keeps only what subscribers send

lab_say() {
    printf 'lab: %s\n' "$*" >&2
}

lab_die() {
    lab_say "$*"
    exit 1
}

# lab_need PACKAGE...: installs those which are missing, without starting their services.
lab_need() {
    local missing=() package
    for package in "$@"; do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' ||
            missing+=("$package")
    done
    [ ${#missing[@]} -eq 0 ] && return
    lab_say "installing ${missing[*]}"
    local policy=/usr/sbin/policy-rc.d own_policy=
    if [ ! -e $policy ]; then
        printf '#!/bin/sh\nexit 101\n' >$policy
        chmod 755 $policy
        own_policy=1
    fi
    local status=0
    DEBIAN_FRONTEND=noninteractive nice apt-get -o DPkg::Lock::Timeout=600 install -y -q \
        --no-install-recommends "${missing[@]}" >"${LAB_DIR:-/tmp}/apt.log" 2>&1 || status=$?
    [ -z $own_policy ] || rm -f $policy
    if [ $status -ne 0 ]; then
        tail -3 "${LAB_DIR:-/tmp}/apt.log" >&2
        lab_say "cannot install ${missing[*]}"
        return 1
    fi
}

# lab_unpack PACKAGE...: their files to $LAB_DIR/beside, for programs that cannot be installed
# beside others. What they depend on is for lab_need.
lab_unpack() {
    local package
    mkdir -p "$LAB_DIR/packages" "$LAB_DIR/beside"
    (cd "$LAB_DIR/packages" && apt-get download -q "$@" >>"$LAB_DIR/log/apt" 2>&1)
    for package in "$LAB_DIR"/packages/*.deb; do
        dpkg-deb -x "$package" "$LAB_DIR/beside"
    done
}

# start_beside HOST LABEL COMMAND...: start_on, with the unpacked files in /usr.
start_beside() {
    local host=$1 label=$2
    shift 2
    # shellcheck disable=SC2016 # it is for the inner shell
    start_on "$host" "$label" env beside="$LAB_DIR/beside" sh -c \
        'mount -t overlay -o lowerdir="$beside/usr:/usr" none /usr && exec "$@"' sh "$@"
}

# ---- life of the lab ----------------------------------------------------------------------------

# lab_open: a directory, a cgroup and a promise to clean up.
lab_open() {
    [ "$(id -u)" -eq 0 ] || lab_die "needs root, for network namespaces"
    local mount
    mount=$(findmnt -n -t cgroup2 -o TARGET | head -n 1)
    [ -n "$mount" ] || lab_die "needs a mounted cgroup v2 hierarchy"
    LAB_ID=gb$$
    LAB_CGROUP=$mount/glassbox-lab-$$
    LAB_DIR=$(mktemp -d "${TMPDIR:-/tmp}/glassbox-lab-$LAB_ID.XXXXXX")
    chmod 755 "$LAB_DIR"
    LAB_HOSTS=()
    LAB_WATCH_PID=
    trap lab_close EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
    mkdir "$LAB_CGROUP" "$LAB_DIR/log"
}

lab_close() {
    local status=$?
    set +e
    trap '' INT TERM HUP
    [ -z "$LAB_WATCH_PID" ] || kill "$LAB_WATCH_PID"
    lab_end_programs
    [ ! -d "$LAB_CGROUP" ] || rmdir "$LAB_CGROUP" || true
    local host
    for host in "${LAB_HOSTS[@]}"; do
        ip netns del "$LAB_ID-$host" || true
        rm -rf "/etc/netns/$LAB_ID-$host"
    done
    [ $status -eq 0 ] || [ -z "$LAB_LOGS" ] || cp -r "$LAB_DIR/log" "$LAB_LOGS"
    rm -rf "$LAB_DIR"
}

# lab_end_programs: ends every program the lab started, and removes their cgroups.
lab_end_programs() {
    local group
    for group in "$LAB_CGROUP"/*/; do
        [ ! -d "$group" ] || lab_end_label "$(basename "$group")"
    done
    wait
}

# lab_end_label LABEL: ends the programs of that label.
lab_end_label() {
    local tries
    echo 1 >"$LAB_CGROUP/$1/cgroup.kill"
    for tries in {1..50}; do
        rmdir "$LAB_CGROUP/$1" 2>/dev/null && return
        sleep 0.1
    done
}

# ---- hosts --------------------------------------------------------------------------------------

# host_new NAME: a namespace which has a name of its own and asks the lab's resolver.
host_new() {
    local name=$1
    ip netns add "$LAB_ID-$name"
    LAB_HOSTS+=("$name")
    mkdir -p "/etc/netns/$LAB_ID-$name"
    printf 'nameserver %s.2\nsearch %s\n' $LAB_SERVERS4 $LAB_ZONE \
        >"/etc/netns/$LAB_ID-$name/resolv.conf"
    ns "$name" ip link set lo up
    ns "$name" sysctl -qw net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0 \
        net.ipv6.conf.default.accept_ra=0
}

# ns HOST COMMAND...: runs a tool on a host, outside every label.
ns() {
    local host=$1
    shift
    ip netns exec "$LAB_ID-$host" "$@"
}

# cable HOST INTERFACE HOST INTERFACE: frames on it are at most MTU long, checksums are filled in.
cable() {
    ip link add "$2" netns "$LAB_ID-$1" type veth peer name "$4" netns "$LAB_ID-$3"
    local end
    for end in "$1 $2" "$3 $4"; do
        # shellcheck disable=SC2086 # two words on purpose
        set -- $end
        ns "$1" ethtool -K "$2" tso off gso off gro off tx off rx off >/dev/null 2>&1
        ns "$1" ip link set "$2" up
    done
}

# host_add NAME SWITCH BRIDGE NET4 NET6 NUMBER: a host with one interface on a switch.
host_add() {
    local name=$1 switch=$2 bridge=$3 net4=$4 net6=$5 number=$6
    host_new "$name"
    cable "$name" eth0 "$switch" "$name"
    ns "$switch" ip link set "$name" master "$bridge"
    ns "$name" ip addr add "$net4.$number/24" dev eth0
    ns "$name" ip addr add "$net6:$number/64" dev eth0
    ns "$name" ip route add default via "$net4.1"
    ns "$name" ip -6 route add default via "$net6:1"
}

bridge_add() {
    ns "$1" ip link add "$2" type bridge
    ns "$1" sysctl -qw "net.ipv6.conf.$2.accept_dad=0"
    ns "$1" ip link set "$2" up
}

# lab_hosts SUBSCRIBERS SERVERS: the picture at the top.
lab_hosts() {
    local i
    host_new isp
    bridge_add isp core
    host_new home
    bridge_add home lan
    line_lay
    ns isp ip addr add $LAB_SUBSCRIBERS4.1/24 dev access
    ns isp ip addr add $LAB_SUBSCRIBERS6:1/64 dev access
    ns isp ip addr add $LAB_SERVERS4.1/24 dev core
    ns isp ip addr add $LAB_SERVERS6:1/64 dev core
    ns isp sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
    if [ -n "$LINE_NAT" ]; then
        home_masquerade
    else
        ns home ip link set uplink master lan
    fi
    for ((i = 1; i <= $1; i++)); do
        if [ -n "$LINE_NAT" ]; then
            host_add c$i home lan $LAB_HOME4 fd00:1: $((10 + i))
        else
            host_add c$i home lan $LAB_SUBSCRIBERS4 $LAB_SUBSCRIBERS6 $((10 + i))
        fi
        ns c$i ip link set eth0 mtu $LINE_MTU
    done
    for ((i = 1; i <= $2; i++)); do
        host_add s$i isp core $LAB_SERVERS4 $LAB_SERVERS6 $((10 + i))
    done
}

# line_lay: joins home's "uplink" to isp's "access".
line_lay() {
    if [ -z "$LINE_UP" ]; then
        cable home uplink isp access
        return
    fi
    host_new link
    # shellcheck disable=SC2086 # words on purpose
    start_on link line chrt -f 1 "$LAB_LINK" uplink access seed "$LAB_SEED" \
        up $LINE_UP down $LINE_DOWN
    wait_for 5 ns link ip link show access
    local end
    for end in "uplink home" "access isp"; do
        # shellcheck disable=SC2086
        set -- $end
        ns link ip link set "$1" txqueuelen 5000 mtu $LINE_MTU netns "$LAB_ID-$2"
        ns "$2" ip link set "$1" up
    done
}

# home_masquerade: one public IPv4 address for all subscribers, and no IPv6, as so often.
home_masquerade() {
    ns home ip addr add $LAB_SUBSCRIBERS4.2/24 dev uplink
    ns home ip addr add $LAB_HOME4.1/24 dev lan
    ns home ip route add default via $LAB_SUBSCRIBERS4.1
    ns home sysctl -qw net.ipv4.ip_forward=1
    ns home nft -f - <<END
table ip nat {
    chain out {
        type nat hook postrouting priority srcnat
        oifname uplink masquerade
    }
}
END
}

# address4 HOST, address6 HOST: its address.
address4() {
    case $1 in
    c*) [ -n "$LINE_NAT" ] && echo "$LAB_HOME4.$((10 + ${1#c}))" ||
        echo "$LAB_SUBSCRIBERS4.$((10 + ${1#c}))" ;;
    s*) echo "$LAB_SERVERS4.$((10 + ${1#s}))" ;;
    esac
}

address6() {
    case $1 in
    c*) echo "$LAB_SUBSCRIBERS6:$((10 + ${1#c}))" ;;
    s*) echo "$LAB_SERVERS6:$((10 + ${1#s}))" ;;
    esac
}

# ---- programs -----------------------------------------------------------------------------------

# run_on HOST LABEL COMMAND...: runs a program on a host, in the cgroup of its label; behind
# LAB_THROUGH, where that is set, a command that runs others.
run_on() {
    local host=$1 group=$LAB_CGROUP/$2
    shift 2
    mkdir -p "$group"
    (
        echo $BASHPID >"$group/cgroup.procs"
        # shellcheck disable=SC2086 # words on purpose
        exec ip netns exec "$LAB_ID-$host" $LAB_THROUGH "$@"
    )
}

# start_on HOST LABEL COMMAND...: the same in the background; what it says goes to its label's log.
start_on() {
    run_on "$@" >>"$LAB_DIR/log/$2" 2>&1 </dev/null &
}

# wait_for SECONDS COMMAND...: until the command succeeds. On a busy machine PATIENCE makes all
# such deadlines that many times as long.
wait_for() {
    local deadline=$((SECONDS + $1 * LAB_PATIENCE))
    shift
    until "$@" >/dev/null 2>&1; do
        [ $SECONDS -le $deadline ] || {
            lab_say "waited in vain for: $*"
            return 1
        }
        sleep 0.1
    done
}

# listening HOST tcp|udp PORT: whether a program has that port open.
listening() {
    ns "$1" ss -Hln "--$2" "sport = :$3" | grep -q .
}

# received_more HOST BYTES: whether that much has come in at its interface.
received_more() {
    [ "$(ns "$1" cat /sys/class/net/eth0/statistics/rx_bytes)" -gt "$2" ]
}

# sent_more HOST BYTES: whether that much has left it.
sent_more() {
    [ "$(ns "$1" cat /sys/class/net/eth0/statistics/tx_bytes)" -gt "$2" ]
}

# ---- names and certificates ---------------------------------------------------------------------

# resolver_start NAME=HOST...: a name server for the zone at .2 of the servers' net; NAME=HOST/6
# gives the name an IPv6 address too. Lines of $LAB_DIR/zone are added to its configuration.
resolver_start() {
    local pair host
    host_add resolver isp core $LAB_SERVERS4 $LAB_SERVERS6 2
    {
        echo "server: interface: 0.0.0.0"
        echo "interface: ::0"
        echo "access-control: 0.0.0.0/0 allow"
        echo "access-control: ::0/0 allow"
        echo "chroot: \"\""
        echo "username: \"\""
        echo "pidfile: \"\""
        echo "use-syslog: no"
        echo "logfile: \"\""
        echo "do-daemonize: no"
        echo "module-config: iterator"
        echo "local-zone: \"$LAB_ZONE.\" static"
        echo "local-zone: \".\" static"
        for pair in "$@"; do
            host=${pair#*=}
            echo "local-data: \"${pair%=*}.$LAB_ZONE. 600 IN A $(address4 "${host%/6}")\""
            [ "$host" = "${host%/6}" ] ||
                echo "local-data: \"${pair%=*}.$LAB_ZONE. 600 IN AAAA $(address6 "${host%/6}")\""
        done
        cat "$LAB_DIR/zone" 2>/dev/null || true
        echo "remote-control: control-enable: no"
    } >"$LAB_DIR/unbound.conf"
    start_on resolver dns unbound -c "$LAB_DIR/unbound.conf"
    wait_for 10 listening resolver udp 53
}

# ca_new NAME...: a certification authority, ca.pem, and one certificate for all names, cert.pem
# with key.pem.
ca_new() {
    local names="DNS:$LAB_ZONE" name
    for name in "$@"; do
        names+=",DNS:$name.$LAB_ZONE"
    done
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 \
        -subj "/CN=Lab authority" -keyout "$LAB_DIR/ca-key.pem" -out "$LAB_DIR/ca.pem" 2>/dev/null
    openssl req -newkey rsa:2048 -nodes -subj "/CN=$LAB_ZONE" -addext "subjectAltName=$names" \
        -keyout "$LAB_DIR/key.pem" -out "$LAB_DIR/cert.csr" 2>/dev/null
    openssl x509 -req -in "$LAB_DIR/cert.csr" -CA "$LAB_DIR/ca.pem" -CAkey "$LAB_DIR/ca-key.pem" \
        -CAcreateserial -days 30 -copy_extensions copy -out "$LAB_DIR/cert.pem" 2>/dev/null
    chmod 644 "$LAB_DIR/key.pem"
}

# ---- capture and truth --------------------------------------------------------------------------

# capture_start FILE: whole frames on the subscribers' side of the router, microseconds; it ends by
# itself at a number of frames no scenario should reach.
capture_start() {
    run_on isp capture tcpdump -i access -s 0 -B 16384 -U --time-stamp-precision=micro -Z root \
        -c 300000 -w "$1" 2>"$LAB_DIR/tcpdump.log" &
    wait_for 10 grep -q 'listening on' "$LAB_DIR/tcpdump.log"
    LAB_ACCESS_MAC=$(ns isp cat /sys/class/net/access/address)
}

# capture_keep_sent FILE: drops what the router sent.
capture_keep_sent() {
    tcpdump -r "$1" -w "$1.sent" "not ether src $LAB_ACCESS_MAC" 2>/dev/null
    mv "$1.sent" "$1"
}

capture_stop() {
    xargs -r kill <"$LAB_CGROUP/capture/cgroup.procs"
    wait_for 10 rmdir "$LAB_CGROUP/capture"
    grep -q '^0 packets dropped by kernel' "$LAB_DIR/tcpdump.log" ||
        lab_say "capture: $(grep 'dropped by kernel' "$LAB_DIR/tcpdump.log")"
}

# flows_are PROTOCOL L4 ADDRESS PORT: flows with an end there are of that protocol; the first rule
# that fits counts. ADDRESS may be *, PORT may be * or FROM-TO.
flows_are() {
    echo "$@" >>"$LAB_DIR/rules"
}

# analyse CAPTURE FILTER OPTION...: tshark's view of the frames that fit. Messages are not put
# together from their segments: that can take time squared, and no filter here needs it.
analyse() {
    local capture=$1 filter=$2
    shift 2
    timeout 120 tshark -n -o tcp.desegment_tcp_streams:FALSE -r "$capture" -Y "$filter" "$@" \
        2>/dev/null
}

# can_label PROGRAM: is it there, and built with what "label" needs?
can_label() {
    [ -x "$1" ] && "$1" version | grep -q '^with:.* label'
}

# kernel_watch_start, kernel_watch_stop: "glassbox label", if it is built, writes which cgroup the
# kernel says each flow belongs to (the answering end's) to $LAB_DIR/kernel.csv.
kernel_watch_start() {
    LAB_WATCH_PID=
    can_label "$LAB_GLASSBOX" || return 0
    "$LAB_GLASSBOX" label --cgroup "$(basename "$LAB_CGROUP")=*" --output "$LAB_DIR/kernel.csv" \
        2>"$LAB_DIR/log/label" &
    LAB_WATCH_PID=$!
    wait_for 10 grep -q 'labelling' "$LAB_DIR/log/label"
}

kernel_watch_stop() {
    [ -n "$LAB_WATCH_PID" ] || return 0
    kill -TERM "$LAB_WATCH_PID"
    wait "$LAB_WATCH_PID" || lab_say "label: $(tail -n 1 "$LAB_DIR/log/label")"
    LAB_WATCH_PID=
}

# truth_write CAPTURE: the truth CSV of a capture, to standard output: the protocol by the rules of
# flows_are, and beside it the group by the kernel, where that was watched. Flows no rule fits are
# named on standard error, and make it fail.
truth_write() {
    analyse "$1" '(tcp or udp) and not icmp and not icmpv6' \
        -T fields -E separator=, -E occurrence=f -e frame.time_epoch -e frame.len \
        -e ip.src -e ipv6.src -e tcp.srcport -e udp.srcport \
        -e ip.dst -e ipv6.dst -e tcp.dstport -e udp.dstport |
        awk -F, -v OFS=, -v rules="$LAB_DIR/rules" -v kernel="$LAB_DIR/kernel.csv" \
            -v capture="$(basename "$1")" '
            function fits(rule, address, port,    range) {
                if (l4_of[rule] != l4 || (address_of[rule] != "*" && address_of[rule] != address))
                    return 0
                if (split(port_of[rule], range, "-") == 2)
                    return port >= range[1] + 0 && port <= range[2] + 0
                return port_of[rule] == "*" || port_of[rule] == port
            }
            BEGIN {
                while ((getline line <rules) > 0) {
                    split(line, word, " ")
                    protocol_of[++count] = word[1]; l4_of[count] = word[2]
                    address_of[count] = word[3]; port_of[count] = word[4]
                }
                while ((getline <kernel) > 0) {
                    if (!watched++)
                        for (c = 1; c <= NF; c++)
                            at[$c] = c
                    group_of[$at["l4"], $at["a_ip"], $at["a_port"], $at["b_ip"], $at["b_port"]] = \
                    group_of[$at["l4"], $at["b_ip"], $at["b_port"], $at["a_ip"], $at["a_port"]] = \
                        $at["protocol"]
                }
            }
            {
                l4 = $5 != "" ? "tcp" : "udp"
                a = $3 $4; a_port = $5 $6; b = $7 $8; b_port = $9 $10
                if ((l4, b, b_port, a, a_port) in flow_of)
                    flow = flow_of[l4, b, b_port, a, a_port]
                else if ((l4, a, a_port, b, b_port) in flow_of)
                    flow = flow_of[l4, a, a_port, b, b_port]
                else {
                    flow = flow_of[l4, a, a_port, b, b_port] = ++flows
                    tuple[flow] = capture OFS l4 OFS a OFS a_port OFS b OFS b_port
                    first[flow] = $1
                    group[flow] = group_of[l4, a, a_port, b, b_port]
                    for (r = count; r >= 1; r--)
                        if (fits(r, a, a_port) || fits(r, b, b_port))
                            protocol[flow] = protocol_of[r]
                }
                packets[flow]++; bytes[flow] += $2; last[flow] = $1
            }
            END {
                print "capture,l4,a_ip,a_port,b_ip,b_port,protocol,packets,bytes,first,last,group"
                for (flow = 1; flow <= flows; flow++)
                    if (flow in protocol)
                        print tuple[flow], protocol[flow], packets[flow], bytes[flow],
                            first[flow], last[flow], group[flow]
                    else {
                        print "lab: no truth for", tuple[flow] >"/dev/stderr"
                        missing = 1
                    }
                exit missing
            }'
}

# ---- people -------------------------------------------------------------------------------------

# user_seed NAME: gives the random numbers below a beginning of their own; the same NAME, the same
# numbers, but others in each scenario and network (LAB_PLACE). Each user that runs beside others
# calls it first.
user_seed() {
    LAB_RANDOM=$(printf '%s' "$LAB_SEED $LAB_PLACE $1" | cksum | cut -d ' ' -f 1)
}

# draw N: sets DRAWN to a number from 0 to N-1.
draw() {
    LAB_RANDOM=$(((LAB_RANDOM * 1103515245 + 12345) & 0x7fffffff))
    DRAWN=$(((LAB_RANDOM >> 8) % $1))
}

# think MS: waits, exponentially distributed around that mean, at most five times as long.
think() {
    local DRAWN
    draw 10000
    sleep "$(awk -v u=$DRAWN -v mean="$1" 'BEGIN {
        wait = -mean * log((u + 1) / 10001)
        printf "%.3f", (wait < 5 * mean ? wait : 5 * mean) / 1000 }')"
}

# draw_size LEAST MOST: sets DRAWN to a number of bytes, heavy-tailed (bounded Pareto, shape 1.1).
draw_size() {
    draw 10000
    DRAWN=$(awk -v u=$DRAWN -v l="$1" -v m="$2" 'BEGIN {
        u /= 10000; a = 1.1
        printf "%d", l / (1 - u * (1 - (l / m) ^ a)) ^ (1 / a) }')
}

# filler BYTES: that many bytes which no compression shortens.
filler() {
    head -c "$1" /dev/urandom
}

# users N FUNCTION: runs FUNCTION user-number for N users at once; each has its own random numbers.
users() {
    local number pids=()
    for ((number = 1; number <= $1; number++)); do
        {
            user_seed "$2 $number"
            "$2" "$number" || true
        } &
        pids+=($!)
    done
    wait "${pids[@]}"
}
