# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# Repositories over subversion's own protocol.
packages="subversion"
names="code=s2"
shows="tcp.port == 3690 && tcp.len > 0"

servers() {
    svnadmin create "$LAB_DIR/svn"
    printf '[general]\nanon-access = write\n' >"$LAB_DIR/svn/conf/svnserve.conf"
    start_on s2 svn svnserve -d --foreground -r "$LAB_DIR/svn"
    wait_for 10 listening s2 tcp 3690
    flows_are svn tcp "$(address4 s2)" 3690
}

developer() {
    local copy=$LAB_DIR/copy-$1 change
    run_on "c$1" svn svn checkout -q svn://code.$LAB_ZONE/ "$copy"
    for change in 1 2 3 4; do
        draw_size 2000 200000
        filler "$DRAWN" >"$copy/file-$1-$change"
        svn add -q "$copy/file-$1-$change"
        run_on "c$1" svn svn commit -q -m "Change $change" "$copy"
        think 600
        run_on "c$1" svn svn update -q "$copy"
        run_on "c$1" svn svn log -q "$copy"
    done
}

clients() {
    users 3 developer
}
