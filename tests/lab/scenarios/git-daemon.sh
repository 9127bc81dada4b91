# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# Repositories over git's own protocol: clones, fetches and pushes.
packages="git"
names="code=s2"
shows="git"

servers() {
    mkdir -p "$LAB_DIR/git" "$LAB_DIR/work"
    git_in() { git -C "$LAB_DIR/work" -c user.name=ann -c user.email=ann@$LAB_ZONE "$@"; }
    git init -q --bare "$LAB_DIR/git/project.git"
    git -C "$LAB_DIR/git/project.git" config daemon.receivepack true
    git_in init -q
    local change
    for change in {1..12}; do
        draw_size 2000 200000
        filler "$DRAWN" >"$LAB_DIR/work/file-$((change % 5))"
        git_in add . && git_in commit -q -m "Change $change"
    done
    git_in push -q "$LAB_DIR/git/project.git" HEAD:refs/heads/main
    start_on s2 git git daemon --reuseaddr --export-all --base-path="$LAB_DIR/git"
    wait_for 10 listening s2 tcp 9418
    flows_are git tcp "$(address4 s2)" 9418
}

developer() {
    local copy=$LAB_DIR/copy-$1 from=git://code.$LAB_ZONE/project.git change
    run_on "c$1" git git clone -q -b main "$from" "$copy"
    for change in 1 2 3; do
        think 900
        draw_size 2000 200000
        filler "$DRAWN" >"$copy/own-$1"
        git -C "$copy" -c user.name=eve -c user.email=eve@$LAB_ZONE commit -q -a -m "Own" || true
        git -C "$copy" add . && git -C "$copy" -c user.name=eve -c user.email=eve@$LAB_ZONE \
            commit -q -m "Own $change"
        run_on "c$1" git git -C "$copy" push -q origin "main:refs/heads/user-$1"
        run_on "c$1" git git -C "$copy" fetch -q
    done
    run_on "c$1" git git clone -q --depth 1 -b main "$from" "$copy-shallow"
}

clients() {
    users 3 developer
}
