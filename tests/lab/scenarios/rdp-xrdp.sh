# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# A remote screen over RDP: xrdp before a VNC screen; FreeRDP as viewer.
packages="xrdp freerdp2-x11 tigervnc-standalone-server xvfb x11-apps xterm xdotool"
names="desk=s2"
seconds=40
shows="tcp.port == 3389 && tcp.len > 1000"

servers() {
    screen_start s2 1 Xtigervnc -geometry 800x600 -SecurityTypes None -rfbport 5976 -ac
    desk_start s2 "$(display 1)" rdp
    mkdir -p "$LAB_DIR/xrdp"
    cp -r /etc/xrdp/. "$LAB_DIR/xrdp/"
    cp "$LAB_DIR/cert.pem" "$LAB_DIR/key.pem" "$LAB_DIR/xrdp/"
    cat >"$LAB_DIR/xrdp/xrdp.ini" <<END
[Globals]
ini_version=1
fork=true
port=3389
ssl_protocols=TLSv1.2
allow_channels=true
security_layer=tls
certificate=$LAB_DIR/cert.pem
key_file=$LAB_DIR/key.pem
autorun=screen
[Channels]
rdpdr=true
rdpsnd=true
cliprdr=true
drdynvc=true
[Logging]
LogFile=$LAB_DIR/log/xrdp.log
LogLevel=INFO
[screen]
name=screen
lib=libvnc.so
ip=127.0.0.1
port=5976
username=na
password=na
END
    start_on s2 rdp sh -c "mount --bind $LAB_DIR/xrdp /etc/xrdp && mount -t tmpfs none /run &&
        exec xrdp --nodaemon --config $LAB_DIR/xrdp/xrdp.ini"
    screen_start c1 2 Xvfb -screen 0 900x700x24 -ac
    wait_for 10 listening s2 tcp 3389
    flows_are rdp tcp "$(address4 s2)" 3389
}

clients() {
    start_on c1 rdp env DISPLAY="$(display 2)" HOME="$LAB_DIR" xfreerdp /v:desk.$LAB_ZONE /cert:ignore /u:ann \
        /p:secret /size:800x600 /sec:tls
    sleep 4
    hand_moves "$(display 2)" 18 c1 rdp
}
