#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# train.sh GLASSBOX-TRAIN GLASSBOX: from a capture and its truth to a model, twice: the same bytes, and a model that glassbox takes.
set -eu
train=$1
glassbox=$2
data=$(dirname "$0")/data
made=$(mktemp -d)
trap 'rm -rf "$made"' EXIT

"$train" dataset --truth "$data/sample.csv" --root "$data" --site sample --vary --output "$made/rows"
grep -q '^flow sample sample/sample.pcap [0-9a-f]\{8\} dns dns ' "$made/rows"
for variation in whole forward backward segments; do
    grep -q "^flow .* $variation\$" "$made/rows"
done
# no address of the truth may be in the rows
cut -d, -f3,5 "$data/sample.csv" | tail -n +2 | tr ',' '\n' | sort -u >"$made/addresses"
if grep -wqFf "$made/addresses" "$made/rows"; then
    echo "an address is in the rows" >&2
    exit 1
fi
for i in 1 2; do
    "$train" forest --rows "$made/rows" --trees 4 --background 100 --name sample --site sample \
        --output "$made/$i.model"
done
cmp "$made/1.model" "$made/2.model"
"$train" forest --rows "$made/rows" --trees 4 --background 100 --name sample --site sample \
    --seed 2 --output "$made/3.model"
if cmp -s "$made/1.model" "$made/3.model"; then
    echo "the seed changes nothing" >&2
    exit 1
fi
"$glassbox" model check "$made/1.model"
"$train" measure --rows "$made/rows" --split captures --folds 2 --method tree --output "$made/out" 2>"$made/said" &&
    test "$(wc -l <"$made/out")" -gt 1
for wrong in "forest" "dataset --output x" "measure --rows x" "forest --kind bush" "nonsense"; do
    # shellcheck disable=SC2086
    if "$train" $wrong >/dev/null 2>&1; then
        echo "taken: $wrong" >&2
        exit 1
    fi
done

# calibrate: the trees stay, what their scores are worth is said anew, the same from the same
"$train" calibrate --model "$made/1.model" --rows "$made/rows" --output "$made/c1.model"
"$train" calibrate --model "$made/c1.model" --rows "$made/rows" --output "$made/c2.model"
"$glassbox" model check "$made/c1.model"
cmp "$made/c1.model" "$made/c2.model"
for same in split leaf class accept; do
    grep "^$same " "$made/1.model" >"$made/before"
    grep "^$same " "$made/c1.model" | cmp - "$made/before"
done
for other in calibration conformal trained sha256; do
    grep "^$other " "$made/1.model" >"$made/before"
    if grep "^$other " "$made/c1.model" | cmp -s - "$made/before"; then
        echo "calibrate leaves $other as it was" >&2
        exit 1
    fi
done
grep -q '^trained .*; calibrated on [1-9][0-9]* flows of 1 sites$' "$made/c1.model"
refuse() {
    said=$1
    shift
    if "$train" calibrate "$@" --output "$made/none.model" >/dev/null 2>"$made/said"; then
        echo "taken: calibrate $*" >&2
        exit 1
    fi
    grep -q "$said" "$made/said"
    test ! -e "$made/none.model"
}
models=$(dirname "$0")/../models
grep -v '^flow .* whole$' "$made/rows" | grep -v '^at ' >"$made/empty.rows"
refuse 'name --model' --model "$made/1.model"
refuse "kind 'kiss'" --model "$models/default.kiss.model" --rows "$made/rows"
refuse 'No such file' --model "$made/1.model" --rows "$made/no.rows"
refuse 'None\|none of these' --model "$made/1.model" --rows "$made/empty.rows"
refuse 'per mille\|evening' --model "$made/1.model" --rows "$made/rows" --evening 1001
