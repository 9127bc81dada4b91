#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# What the lab has: flows, bytes and time per protocol and network, and how far the kernel's control
# groups bear the rules' names out. Usage: report.sh [OUTPUT]
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cd "${1:-$here/../../lab}"
for csv in */*.csv; do
    sed "1d; s|^|${csv%%/*},|" "$csv"
done | awk -F, '
    {
        cell = $8 SUBSEP $1
        flows[cell]++; bytes[cell] += $10; seconds[cell] += $12 - $11
        all++
        if ($13 != "") {
            known++
            pair[$8 SUBSEP $13]++
        }
    }
    END {
        printf "%-20s %-12s %8s %12s %10s\n", "protocol", "network", "flows", "bytes", "seconds"
        for (cell in flows) {
            split(cell, part, SUBSEP)
            printf "%-20s %-12s %8d %12d %10.0f\n", part[1], part[2], flows[cell], bytes[cell],
                seconds[cell] | "sort"
        }
        close("sort")
        printf "\n%d flows; the kernel ties %d (%.2f %%) to a control group:\n", all, known,
            all ? 100 * known / all : 0
        for (cell in pair) {
            split(cell, part, SUBSEP)
            printf "%-20s in group %-16s %8d\n", part[1], part[2], pair[cell] | "sort"
        }
    }'
