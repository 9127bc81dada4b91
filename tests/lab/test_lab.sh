#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Runs three short scenarios, and holds their truth against their captures and the kernel's groups;
# then interrupts a run and looks for what it left. Exit status 77: skipped, it says why.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)

if [ "$(id -u)" -ne 0 ] || ! unshare --net true 2>/dev/null; then
    echo "skipped: the lab needs root and network namespaces"
    exit 77
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0
glassbox=${GLASSBOX:-$here/../../build/ctl/glassbox}
knows_groups=0
"$glassbox" version | grep -q '^with:.* label' && knows_groups=1

# expect WHAT MEASURED EXPECTED
expect() {
    [ "$2" = "$3" ] && echo "ok   $1: $2" && return
    echo "FAIL $1: $2, expected $3"
    failed=1
}

SCENARIOS="dns-unbound http-nginx rsync" NETWORKS=campus "$here/run.sh" "$work"
for pair in dns-unbound: http-nginx:http rsync:rsync; do
    csv=$work/campus/${pair%:*}.csv
    expect "${pair%:*}, protocols besides dns" \
        "$(awk -F, 'NR > 1 && $7 != "dns" { print $7 }' "$csv" | sort -u)" "${pair#*:}"
    expect "${pair%:*}, packets in the truth" \
        "$(awk -F, '{ sum += $8 } END { print sum }' "$csv")" \
        "$(tcpdump -n -r "${csv%.csv}.pcap" 'tcp or udp' 2>/dev/null | wc -l)"
    [ $knows_groups = 0 ] ||
        expect "${pair%:*}, flows the kernel ties to no group" \
            "$(awk -F, 'NR > 1 && $12 == ""' "$csv" | wc -l)" 0
done

"$here/compact.py" "$work" "$work/corpus" 20000
corpus=$work/corpus/campus/http-nginx
expect "the corpus keeps rows the lab does not have" \
    "$(comm -13 <(sort "$work/campus/http-nginx.csv") <(sort "$corpus.csv"))" ""
expect "the corpus has flows without a row" "$(tcpdump -n -r "$corpus.pcap" 2>/dev/null |
    awk '{ sub(/:$/, "", $5); print ($3 < $5 ? $3 " " $5 : $5 " " $3) }' | sort -u | wc -l)" \
    "$(($(wc -l <"$corpus.csv") - 1))"
expect "a capture of the corpus is larger than asked" \
    "$(find "$corpus.pcap" -size +20000c)" ""

rm -r "$work/corpus"
mkdir "$work/tmp"
TMPDIR=$work/tmp SCENARIOS=rsync NETWORKS=campus "$here/run.sh" "$work" 2>/dev/null &
run=$!
sleep 5
place=$(find "$work/tmp" -name 'glassbox-lab-gb*' -printf '%f')
id=${place#glassbox-lab-}
id=${id%.*}
expect "a run has namespaces" "$(ip netns list | grep -c "^$id-" | sed 's/[1-9].*/some/')" some
kill -TERM $run
wait $run || true
expect "an interrupted run leaves namespaces" "$(ip netns list | grep -c "^$id-")" 0
expect "an interrupted run leaves files" "$(find "$work/tmp" -mindepth 1)" ""
exit $failed
