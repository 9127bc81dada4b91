# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# SSH servers on s2 that let the lab's key in, and a person who types.

ssh_keys() {
    ssh-keygen -q -t ed25519 -N '' -f "$LAB_DIR/host-key"
    ssh-keygen -q -t ed25519 -N '' -f "$LAB_DIR/user-key"
    ssh_options=(-i "$LAB_DIR/user-key" -o StrictHostKeyChecking=no
        -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR -o GSSAPIAuthentication=no)
    flows_are ssh tcp '*' 22
}

openssh_start() {
    ssh_keys
    mkdir -p /run/sshd
    start_on s2 ssh /usr/sbin/sshd -D -f /dev/null -h "$LAB_DIR/host-key" -o StrictModes=no \
        -o PermitRootLogin=yes -o AuthorizedKeysFile="$LAB_DIR/user-key.pub" -o PidFile=none \
        -o Subsystem='sftp internal-sftp'
    wait_for 10 listening s2 tcp 22
}

# type_lines HOST LABEL COMMAND LINE...: types the lines into a program at human speed.
type_lines() {
    local host=$1 label=$2 spawned=$3 line
    shift 3
    draw 40
    {
        echo "set send_human {.$((DRAWN + 10)) .3 1 .04 2}"
        echo "set timeout 20"
        echo "set stty_init {rows 30 columns 100}"
        echo "spawn -noecho $spawned"
        for line in "$@"; do
            draw 1500
            echo "after $((DRAWN + 300))"
            echo "send -h {$line}"
            printf '%s\n' 'send "\r"'
        done
        echo "expect eof"
    } >"$LAB_DIR/typed-$BASHPID"
    TERM=xterm run_on "$host" "$label" expect "$LAB_DIR/typed-$BASHPID"
}
