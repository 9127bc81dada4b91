#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# tests/cli.sh GLASSBOX: the commands as a user meets them: what is printed where, and exit codes; the
# shipped sample's reports against tests/golden/ (GOLDEN=update writes them anew).
set -uo pipefail
glassbox=$(realpath "$1")
cd "$(dirname "$0")/.." || exit
sample=tests/data/sample.pcap
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
passed=0 failed=0 skipped=0

verdict() { # NAME OK(0|1)
    if [ "$2" = 0 ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAILED: $1"
        sed 's/^/    out: /' "$scratch/out" | head -5
        sed 's/^/    err: /' "$scratch/err" | head -5
    fi
}

run() { "$glassbox" "$@" > "$scratch/out" 2> "$scratch/err"; }

# expect NAME CODE STDERR-PATTERN ARGUMENT...: exit code, and what stderr must say ('' : nothing at all).
expect() {
    local name=$1 code=$2 says=$3
    shift 3
    run "$@"
    local got=$?
    if [ "$got" != "$code" ]; then verdict "$name: exit $got, not $code" 1; return; fi
    if [ -z "$says" ]; then
        [ ! -s "$scratch/err" ]
    else
        grep -qE -- "$says" "$scratch/err"
    fi
    verdict "$name" $?
}

same_as() { # NAME FILE: stdout equals the file
    if [ "${GOLDEN:-}" = update ]; then cp "$scratch/out" "$2"; fi
    diff -u "$2" "$scratch/out" > "$scratch/err"
    verdict "$1" $?
}

# Reports of the sample, word for word.
run replay --format json "$sample";       same_as 'json of the sample' tests/golden/sample.json
run replay --format csv "$sample";        same_as 'csv of the sample' tests/golden/sample.csv
run replay --format prometheus "$sample"; same_as 'prometheus of the sample' tests/golden/sample.prom
LC_ALL=C.UTF-8 run replay "$sample";      same_as 'table of the sample' tests/golden/sample.txt
run replay --format json --interval 10 "$sample"
same_as 'intervals of the sample' tests/golden/sample.intervals.ndjson
run replay --format json --interval 10 --workers 4 "$sample"
same_as 'the same with four workers' tests/golden/sample.intervals.ndjson
run replay --format json - < "$sample";   same_as 'the same from standard input' tests/golden/sample.json

# The same frames with a stronger tier; a build without Hyperscan refuses in one line.
if "$glassbox" version | grep -q hyperscan; then
    run replay --format json --tiers ports,signatures --rules models/rules "$sample"
    jq 'del(.rules)' "$scratch/out" > "$scratch/plain" && mv "$scratch/plain" "$scratch/out"
    same_as 'signatures of the sample' tests/golden/sample.signatures.json
else
    expect 'signatures without Hyperscan' 1 'Hyperscan' replay --tiers signatures --rules models/rules "$sample"
fi

# The README shows the first command's real output.
python3 - > "$scratch/out" 2> "$scratch/err" <<'PYTHON'
import pathlib, sys
shown = pathlib.Path("README.md").read_text()
sys.exit(pathlib.Path("tests/golden/sample.txt").read_text() not in shown)
PYTHON
verdict 'README shows the real output' $?

# Bad files: said, skipped, the rest reported.
: > "$scratch/empty"
echo 'not a capture, whatever its name may say' > "$scratch/foreign.pcap"
head -c 100000 "$sample" > "$scratch/cut.pcap"
expect 'missing file' 1 "^glassbox: $scratch/none: No such file" replay "$scratch/none"
expect 'empty file' 1 "^glassbox: $scratch/empty: is empty" replay "$scratch/empty"
expect 'unknown file' 1 "^glassbox: $scratch/foreign.pcap: unknown file format" replay "$scratch/foreign.pcap"
expect 'directory' 1 "^glassbox: $scratch: Is a directory" replay "$scratch"
expect 'file cut in a record' 1 "^glassbox: $scratch/cut.pcap: truncated" replay "$scratch/cut.pcap"
expect 'bad and good together' 1 "^glassbox: $scratch/none: No such file" \
    replay --format json "$scratch/none" "$sample"
diff <(jq .frames.seen "$scratch/out") <(jq .frames.seen tests/golden/sample.json) > "$scratch/err"
verdict 'the good one is reported' $?
if [ "$(id -u)" != 0 ]; then
    cp "$sample" "$scratch/closed"; chmod 0 "$scratch/closed"
    expect 'unreadable file' 1 'Permission denied' replay "$scratch/closed"
else
    echo 'skipped: root can read every file ... '
    skipped=$((skipped + 1))
fi

# Verdicts against a truth: a flow that is not in the capture, one that is, and files that are wrong.
truth=$scratch/truth.csv
header=capture,l4,a_ip,a_port,b_ip,b_port,protocol
{ echo "$header"; echo 'sample.pcap,udp,203.0.113.77,9,203.0.113.78,9,discard'; } > "$truth"
expect 'eval: truth that is not seen' 0 '' eval --truth "$truth" --format json "$sample"
[ "$(jq -c '[.captures, .not_seen, .scored.flows, .tiers[0].all.by_flows.recall]' "$scratch/out")" = '[1,1,0,null]' ]
verdict 'eval: it counts as such' $?
expect 'eval: by the names of the truth' 0 '' eval --truth "$truth" --root tests/data
grep -qE '^not scored: in the truth, not seen +1 flows' "$scratch/out"
verdict 'eval: as a table' $?
expect 'eval: no truth' 1 "^glassbox: $scratch/none: No such file" eval --truth "$scratch/none"
expect 'eval: a capture without truth' 1 'empty: the truth has no row about it' \
    eval --truth "$truth" "$scratch/empty" "$sample"
expect 'eval: a capture that is not there' 1 "^glassbox: $scratch/sample.pcap: No such file" \
    eval --truth "$truth" --root "$scratch"
echo 'sample.pcap,udp,203.0.113.77,9,203.0.113.78,9,echo' >> "$truth"
expect 'eval: two truths for one flow' 1 'truth.csv:3: the flow of line 2 a second time' eval --truth "$truth"
echo "$header" > "$truth"
echo 'word | dns' > "$scratch/aliases"
expect 'eval: bad aliases' 1 "aliases:1: not of the form" eval --truth "$truth" --aliases "$scratch/aliases"
echo "$header" > "$scratch/overruled"
expect 'eval: overruled without reason' 1 "overruled:1: the header has no column 'reason'" \
    eval --truth "$truth" --overrule "$scratch/overruled"
expect 'eval: mistakes nowhere' 1 'No such file or directory' \
    eval --truth "$truth" --mistakes "$scratch/none/mistakes.csv"

# Two audits, as little of them as can be compared.
audit_of() { # MISTAKEN LOW HIGH
    printf '{"schema": "glassbox.audit/1", "reference": {"kind": "signatures"}, "truth": null, "rules": null,
        "boxes": [{"box": "b", "sha256": "x", "own": {"tiers": ["ports"], "seen": {"bytes": 1000}, "outcome":
        {"withheld": false, "acted": {"bytes": 250}, "unsure": {"bytes": 0}, "mistaken_share":
        {"bytes": {"value": %s, "low": %s, "high": %s}}, "found_share": {"bytes": null}}}}]}' "$@"
}
audit_of 0.25 0.2 0.3 > "$scratch/first.json"
audit_of 0.75 0.7 0.8 > "$scratch/second.json"
run audit diff "$scratch/first.json" "$scratch/second.json"
grep -q '^  mistaken, .*25.0 % (20.0 to 30.0) *75.0 % (70.0 to 80.0) *+50.0  apart$' "$scratch/out" &&
    grep -q '^  acted on, .*25.0 % *25.0 % *+0.0$' "$scratch/out" &&
    grep -q '^  found, .* - *-$' "$scratch/out"
verdict 'audit diff: what changed' $?
run audit diff --format json "$scratch/first.json" "$scratch/first.json"
! grep -q '"apart": true\|"change": 0*\.*0*[1-9]' "$scratch/out"
verdict 'audit diff: nothing changed' $?
expect 'audit diff: no such file' 1 'nowhere.json: No such file' audit diff "$scratch/first.json" "$scratch/nowhere.json"
echo '{"schema": "glassbox.report/1"}' > "$scratch/third.json"
expect 'audit diff: a report' 1 'third.json: not an audit' audit diff "$scratch/first.json" "$scratch/third.json"
echo '{"schema"' > "$scratch/third.json"
expect 'audit diff: half a file' 1 'third.json:[0-9]: not JSON' audit diff "$scratch/first.json" "$scratch/third.json"

# Wrong use: a usage line, exit 2, nothing on stdout.
misuse() { # WHAT-IT-SAYS ARGUMENT...
    expect "misuse: ${*:2}" 2 "$1" "${@:2}"
    grep -q '^usage: glassbox' "$scratch/err" && [ ! -s "$scratch/out" ]
    verdict "misuse: ${*:2}: usage line, silent stdout" $?
}
misuse 'usage'
misuse "no command 'repaly'" repaly
misuse 'which capture' replay
misuse "unknown option '--frobnicate'" replay --frobnicate x
misuse '--format needs a value' replay --format
misuse "'yaml' is none of" replay --format yaml x
misuse "'0' is not a number of seconds" replay --interval 0 x
misuse "'10s' is not a number of seconds" replay --interval 10s x
misuse "'-1' is not a whole number" replay --workers -1 x
misuse "'65' is not a whole number from 1 to 64" replay --workers 65 x
misuse "'1k' is not a whole number" replay --flows 1k x
misuse "'15' is not a whole number" replay --flows 15 x
misuse "'257' is not a whole number" replay --min-endpoints 257 x
misuse "'vlan,vlam' is not a list" replay --scope vlan,vlam x
misuse "'magic' is not a list of tiers" replay --tiers magic x
misuse "'' is not a list of tiers" replay --tiers '' x
for idle in closed tcp udp other; do
    misuse "'never' is not a number of seconds" replay --idle-$idle never x
done
misuse 'what is true' eval
misuse 'name two JSON files' audit diff a
misuse "'xml' is none of table, json" audit diff --format xml a b
misuse "unknown option '--truht'" eval --truht x
misuse '--truth needs a value' eval --truth
misuse "'sure' is none of high, medium, any" eval --truth x --min-confidence sure
misuse "'csv' is none of table, json" eval --truth x --format csv
misuse 'are for reports, not for eval' eval --truth x --workers 2
misuse 'are for reports, not for eval' eval --truth x --interval 5
misuse 'are for reports, not for eval' eval --truth x --min-endpoints 5
misuse '--scope: the truth names flows without it' eval --truth x --scope vlan
misuse "unexpected argument 'x'" protocols x
misuse "unknown option '--yaml'" protocols --yaml
misuse 'takes no arguments' version x

# Help and lists.
for command in replay eval protocols version; do
    expect "$command --help" 0 '' "$command" --help
    grep -q "^usage: glassbox $command" "$scratch/out"
    verdict "$command --help shows its usage" $?
done
expect 'overview' 0 '' --help
expect 'version' 0 '' version
expect 'protocols' 0 '' protocols
expect 'protocols as JSON' 0 '' protocols --json
[ "$(jq length "$scratch/out")" -ge 150 ]
verdict 'at least 150 protocols' $?

# The outside world fails.
"$glassbox" replay "$sample" > /dev/full 2> "$scratch/err"
[ $? = 1 ] && grep -q '^glassbox: standard output: No space left' "$scratch/err"
verdict 'full disk' $?
NO_COLOR='' run replay "$sample"
! grep -q $'\033' "$scratch/out"
verdict 'no colour into a file' $?

# Interrupted while it waits for more: what was read is reported.
mkfifo "$scratch/pipe"
"$glassbox" replay --format json - < "$scratch/pipe" > "$scratch/out" 2> "$scratch/err" &
reader=$!
exec 9> "$scratch/pipe"
head -c 200000 "$sample" >&9
for _ in $(seq 50); do
    sleep 0.1
    grep -qs 'S (sleeping)' "/proc/$reader/status" && break
done
sleep 0.5
kill -INT "$reader"
wait "$reader"
code=$?
exec 9>&-
[ "$code" = 1 ] && grep -q 'interrupted' "$scratch/err" && [ "$(jq .frames.seen "$scratch/out")" -gt 0 ]
verdict "interrupted run reports (exit $code)" $?

if command -v promtool > /dev/null; then
    promtool check metrics < tests/golden/sample.prom > "$scratch/out" 2> "$scratch/err"
    verdict 'promtool has no complaint' $?
else
    echo 'skipped: promtool is not installed ... '
    skipped=$((skipped + 1))
fi

echo "totals: $passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
