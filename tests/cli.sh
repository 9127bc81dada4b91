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

# Reports of the sample, word for word: as they come when nothing is asked for, then by ports alone.
LC_ALL=C.UTF-8 run replay "$sample"; same_as 'table of the sample' tests/golden/sample.txt
ports=(replay --tiers ports)
run "${ports[@]}" --format json "$sample";       same_as 'json by ports' tests/golden/sample.json
run "${ports[@]}" --format csv "$sample";        same_as 'csv by ports' tests/golden/sample.csv
run "${ports[@]}" --format prometheus "$sample"; same_as 'prometheus by ports' tests/golden/sample.prom
run "${ports[@]}" --format json --interval 10 "$sample"
same_as 'intervals of the sample' tests/golden/sample.intervals.ndjson
run "${ports[@]}" --format json --interval 10 --workers 4 "$sample"
same_as 'the same with four workers' tests/golden/sample.intervals.ndjson
run "${ports[@]}" --format json - < "$sample";   same_as 'the same from standard input' tests/golden/sample.json

# What is used where nothing is named, and what becomes of it where the shipped model is not to be found, or spoiled.
run replay --format json "$sample"
[ "$(jq -c '[.source.tiers, .model.name, .rules]' "$scratch/out")" = '[["ports","headers"],"default",null]' ]
verdict 'ports and headers, by the shipped model' $?
mkdir -p "$scratch/moved/bin" "$scratch/moved/share/glassbox"
cp "$glassbox" "$scratch/moved/bin/glassbox"
here=$glassbox glassbox=$scratch/moved/bin/glassbox
expect 'without its model' 0 'no default.headers.model .*: the headers tier is left out' replay --format json "$sample"
[ "$(wc -l < "$scratch/err")" = 1 ] && cmp -s tests/golden/sample.json "$scratch/out"
verdict 'without its model: one line, and the report by ports' $?
expect 'without the model that was asked for' 1 'no default.headers.model lies .*: name a model with --model' \
    replay --tiers ports,headers "$sample"
expect 'a model that is named needs no other' 0 '' replay --model tests/data/models/small.model "$sample"
head -c 1000 models/default.headers.model > "$scratch/moved/share/glassbox/default.headers.model"
expect 'with half its model' 1 'share/glassbox/default.headers.model: the last line' replay "$sample"
glassbox=$here

# By sizes and times alone, with a model made by hand.
model=tests/data/models/small.model
headers=(--tiers 'ports,headers' --model "$model")
for format in json csv prometheus; do
    run replay --format "$format" "${headers[@]}" "$sample"
    same_as "$format by headers" "tests/golden/sample.headers.$format"
done
LC_ALL=C.UTF-8 run replay "${headers[@]}" "$sample"; same_as 'table by headers' tests/golden/sample.headers.txt
run replay --format json --workers 3 "${headers[@]}" "$sample"
same_as 'by headers with three workers' tests/golden/sample.headers.json
run model show "$model";        same_as 'model show' tests/golden/model.txt
run model show --json "$model"; same_as 'model show --json' tests/golden/model.json
expect 'model check' 0 '' model check "$model"
sed 's/^error 5/error 6/' "$model" > "$scratch/changed.model"
expect 'model check: a changed model' 1 'changed.model: the digest is not' model check "$scratch/changed.model"
expect 'a changed model' 1 'changed.model: the digest is not' \
    replay --tiers headers --model "$scratch/changed.model" "$sample"
sed 's/^class rtp/class wtp/' "$model" > "$scratch/strange.model"
tests/data/models/seal.py "$scratch/strange.model"
expect 'a model of other protocols' 1 "strange.model:13: there is no protocol 'wtp'" \
    model check "$scratch/strange.model"
expect 'a model that no tier asks for' 1 'needs --tiers headers' replay --tiers ports --model "$model" "$sample"
expect 'two models of a kind' 1 'already' replay "${headers[@]}" --model "$model" "$sample"
run model features
sed -n '/^| feature |/,$p' docs/model-format.md > "$scratch/table"
cmp -s "$scratch/table" "$scratch/out"; verdict 'the features of docs/model-format.md' $?

# The stochastic tier, with the shipped model.
stochastic=(--tiers 'ports,stochastic' --model models/default.kiss.model)
run replay --format json "${stochastic[@]}" "$sample"
same_as 'json by the stochastic tier' tests/golden/sample.stochastic.json
expect 'kiss model check' 0 '' model check models/default.kiss.model
expect 'a kiss model that no tier asks for' 1 'needs --tiers stochastic' \
    replay --model models/default.kiss.model "$sample"
expect 'two kiss models' 1 'already' \
    replay "${stochastic[@]}" --model models/default.kiss.model "$sample"
expect 'a table of no endpoints' 2 '--endpoints' replay --endpoints 1 "$sample"

# The same frames with a stronger tier; a build without Hyperscan refuses in one line.
if "$glassbox" version | grep -q hyperscan; then
    run replay --format json --tiers ports,signatures --rules models/rules "$sample"
    jq 'del(.rules)' "$scratch/out" > "$scratch/plain" && mv "$scratch/plain" "$scratch/out"
    same_as 'signatures of the sample' tests/golden/sample.signatures.json
else
    expect 'signatures without Hyperscan' 1 'Hyperscan' replay --tiers signatures --rules models/rules "$sample"
fi

: > "$scratch/empty"

# What boxes would have done to the sample. Without the signatures tier nothing is known to be a mistake.
run audit --format json --tiers ports "$sample" models/boxes/*.yaml
same_as 'audit of the sample by ports' tests/golden/sample.audit.ports.json
if "$glassbox" version | grep -q hyperscan; then
    run audit --format json --tiers ports,signatures --rules models/rules "$sample" models/boxes/*.yaml
    jq 'del(.rules)' "$scratch/out" > "$scratch/plain" && mv "$scratch/plain" "$scratch/out"
    same_as 'audit of the sample' tests/golden/sample.audit.json
    run audit --tiers ports,signatures --rules models/rules "$sample" --box models/boxes/service-package-quota.yaml
    same_as 'audit of the sample as a table' tests/golden/sample.audit.txt
    run audit --format markdown --tiers ports,signatures --rules models/rules --min-endpoints 3 "$sample" \
        --box models/boxes/voip-blocked-mobile.yaml
    same_as 'audit of the sample as Markdown' tests/golden/sample.audit.md
    run audit --format json --tiers ports,signatures --rules models/rules --truth tests/data/sample.csv "$sample" \
        models/boxes/voip-blocked-mobile.yaml models/boxes/ports-1999.yaml
    [ "$(jq -c '[.reference.kind, .boxes[0].own.outcome.right.flows, .boxes[1].own.outcome.missed.flows]' \
        "$scratch/out")" = '["truth",2,7]' ]
    verdict 'audit of the sample by its truth' $?
fi
jq -e 'all(.boxes[] | .own, .ladder[]; .balance.packets == 0 and .balance.bytes == 0
    and .outcome.acted.bytes + .left_alone.bytes == .seen.bytes
    and .outcome.acted.flows + .left_alone.flows == .seen.flows
    and .outcome.right.bytes + .outcome.mistaken.bytes + .outcome.unsure.bytes == .outcome.acted.bytes
    and ([.references[].seen.bytes] | add) == .seen.bytes)' tests/golden/sample.audit.json > "$scratch/out" 2> "$scratch/err"
verdict 'audits add up' $?
jq -e '.boxes[] | select(.box == "neutral") | .own.outcome.acted.packets == 0' tests/golden/sample.audit.json \
    > "$scratch/out" 2> "$scratch/err"
verdict 'the neutral box acts on nothing but floods' $?

# A thousand and more connections that nobody answers: what the neutral box is there for.
python3 - > "$scratch/flood.pcap" <<'PYTHON'
import struct, sys
out = sys.stdout.buffer
out.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
for number in range(25000):
    tcp = struct.pack(">HHIIBBHHH", 1024 + number % 60000, 80, 1, 0, 5 << 4, 2, 1024, 0, 0)
    head = struct.pack(">BBHHHBBHII", 0x45, 0, 40, 7, 0, 64, 6, 0, 0xCB007100 + number % 251, 0xC6336401)
    frame = bytes(12) + b"\x08\0" + head + tcp
    out.write(struct.pack("<IIII", 1700000000, number, len(frame), len(frame)) + frame)
PYTHON
run audit --format json --tiers ports "$scratch/flood.pcap" --box models/boxes/neutral.yaml
[ "$(jq -c '[.boxes[0].own.rules[].outcome.acted.flows, .boxes[0].own.outcome.unsure.flows]' "$scratch/out")" = '[5000,0,5000]' ]
verdict 'a flood is what it acts on' $?

expect 'audit: a box that is not there' 1 "none.yaml: No such file" audit "$sample" --box "$scratch/none.yaml"
printf 'box: b\ntitle: t\nabout: a\nsources: [s]\ntiers: [ports]\npolicy:\n  - {rule: r, action: 10s}\n' > "$scratch/bad.yaml"
expect 'audit: a bad box' 1 "bad.yaml:7: action: expected none" audit "$sample" "$scratch/bad.yaml"
expect 'audit: a box twice' 1 "the box neutral a second time" audit "$sample" models/boxes/neutral.yaml models/boxes/neutral.yaml
expect 'audit: a missing file' 1 "^glassbox: $scratch/none: No such file" \
    audit --tiers ports "$scratch/none" "$sample" models/boxes/neutral.yaml
expect 'audit: a capture without truth' 1 'empty: the truth has no row about it' \
    audit --tiers ports --truth tests/data/sample.csv "$scratch/empty" "$sample" models/boxes/neutral.yaml

# What decides: of three flows each is decided by one kind of evidence, and changes with that alone.
python3 - > "$scratch/three.pcap" <<'PYTHON'
import struct, sys
out = sys.stdout.buffer
out.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
sent = 0
def packet(protocol, source, destination, rest):
    global sent
    sent += 1
    ends = [0x0A000000 + (port == high) + 1 for port, high in ((source, source), (destination, source))]
    head = struct.pack(">BBHHHBBHII", 0x45, 0, 20 + len(rest), 7, 0, 64, protocol, 0, *ends)
    frame = bytes(12) + b"\x08\0" + head + rest
    out.write(struct.pack("<IIII", 1700000000, sent * 3000, len(frame), len(frame)) + frame)
def tcp(source, destination, flags, sequence, payload=b""):
    packet(6, source, destination, struct.pack(">HHIIBBHHH", source, destination, sequence, 1, 5 << 4, flags, 1024, 0, 0) + payload)
tcp(40001, 23, 2, 0), tcp(40001, 23, 16, 1)                                   # a port of telnet, and no more
tcp(41002, 51002, 2, 0), tcp(41002, 51002, 24, 1, b"SSH-2.0-OpenSSH_9.2p1\r\n")  # what SSH says first
for number in range(4):                                                       # as short as names looked up
    packet(17, 41003, 51003, struct.pack(">HHHH", 41003, 51003, 8 + 40, 0) + bytes(40))
PYTHON
printf 'box: three\ntitle: t\nabout: a\nsources: [s]\ntiers: [ports, headers, signatures]\npolicy:\n  - {rule: r, match: {protocol: [telnet, ssh, dns]}, action: block}\n' \
    > "$scratch/three.yaml"
if "$glassbox" version | grep -q hyperscan; then
    deciding=(audit --tiers 'ports,headers,signatures' --rules tests/data/rules --model "$model" --no-ladder
        --mask 'ports,sizes,timing' --mask 'payload,order')
    run "${deciding[@]}" --format json "$scratch/three.pcap" "$scratch/three.yaml"
    [ "$(jq -c '[.masks[] | [.mask, .boxes[0].acted.flows, .boxes[0].let_go.flows]]' "$scratch/out")" = \
        '[["ports",3,1],["sizes",3,1],["timing",3,0],["payload",3,1],["order",3,0]]' ]
    verdict 'audit --mask: each flow is let go by its own mask' $?
    [ "$(jq -c '[.masks[] | .mask as $m | .verdicts[] | select(.lost.flows + .other.flows > 0 and .tier != "strongest")
        | [$m, .tier, .categories[0].category]]' "$scratch/out")" = \
        '[["ports","ports","remote-access"],["sizes","headers","dns"],["payload","signatures","remote-access"]]' ]
    verdict 'audit --mask: by the tier that sees it' $?
    run "${deciding[@]}" --format json - "$scratch/three.yaml" < "$scratch/three.pcap"
    [ "$(jq '.masks | length' "$scratch/out")" = 5 ]
    verdict 'audit --mask: of standard input' $?
    run "${deciding[@]}" --format json --min-endpoints 2 "$scratch/three.pcap" "$scratch/three.yaml"
    jq -e 'all(.masks[].verdicts[]; .lost.flows + .other.flows + .gained.flows == 0)
        and all(.masks[].boxes[]; .withheld and .acted.flows == 0)' "$scratch/out" > "$scratch/plain" 2> "$scratch/err"
    verdict 'audit --mask: what concerns one address is withheld' $?
    run "${deciding[@]}" "$sample" "$scratch/three.yaml"
    same_as 'masks of the sample as a table' tests/golden/sample.masks.txt
    run "${deciding[@]}" --format json "$sample" "$scratch/three.yaml"
    jq '.masks' "$scratch/out" > "$scratch/plain" && mv "$scratch/plain" "$scratch/out"
    same_as 'masks of the sample' tests/golden/sample.masks.json
    jq -e 'all(.[].verdicts[]; ([.categories[].named.bytes] | add // 0) == .named.bytes
        and ([.categories[].lost.flows] | add // 0) == .lost.flows)' tests/golden/sample.masks.json \
        > "$scratch/out" 2> "$scratch/err"
    verdict 'masks add up' $?
    run "${deciding[@]}" --format markdown "$scratch/three.pcap" "$scratch/three.yaml"
    grep -qF '| payload | three | 3 | 1 | 0 | 0 | 33.3 % (6.1 to 79.2) |' "$scratch/out"
    verdict 'audit --mask: as Markdown' $?
    run "${deciding[@]}" --format html "$scratch/three.pcap" "$scratch/three.yaml"
    grep -qF 'it would let go 1 and treat otherwise 0 of the 3 connections it acts on' "$scratch/out"
    verdict 'audit --mask: as a page' $?
fi

# The README shows the first command's real output.
python3 - > "$scratch/out" 2> "$scratch/err" <<'PYTHON'
import pathlib, sys
shown = pathlib.Path("README.md").read_text()
sys.exit(pathlib.Path("tests/golden/sample.txt").read_text() not in shown)
PYTHON
verdict 'README shows the real output' $?

# Bad files: said, skipped, the rest reported.
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

echo "$header" > "$truth"
echo 'sample.pcap,udp,203.0.113.77,9,203.0.113.78,10,echo' >> "$truth"
expect 'eval: a column that is not there' 1 "^glassbox: --split-by: the truth has no column 'day'" \
    eval --truth "$truth" --root tests/data --split-by day
expect 'eval: a fold that is not there' 1 "^glassbox: --only: no row of the truth is of 'mars'" \
    eval --truth "$truth" --root tests/data --split-by site --only mars
expect 'eval: a word that is not there' 1 "^glassbox: --unknown: no row of the truth says 'tor'" \
    eval --truth "$truth" --root tests/data --unknown tor
expect 'eval: an empty word' 1 "^glassbox: --unknown: 'echo,' is not a list of words" \
    eval --truth "$truth" --root tests/data --unknown echo,

truth=tests/data/sample.csv
expect 'eval: plots' 0 '' eval --truth "$truth" --root tests/data --by group --split-by host \
    --unknown bittorrent,utp --format svg --output-dir "$scratch/plots"
[ ! -s "$scratch/out" ] && python3 -c 'import sys, xml.dom.minidom as x; [x.parse(p) for p in sys.argv[1:]]' \
    "$scratch"/plots/{confusion,reliability,packets}.svg 2> "$scratch/err"
verdict 'eval: they are XML, and nothing else is written' $?
expect 'eval: markdown' 0 '' eval --truth "$truth" --root tests/data --format markdown
grep -q '^| tier ports |' "$scratch/out"
verdict 'eval: has a row for each method' $?
expect 'eval: leave one capture out' 0 '' eval --truth "$truth" --root tests/data --format json \
    --split-by capture --only sample.pcap
[ "$(jq -c '[.by, .split_by, .tiers[0].folds[0].fold, .baselines[2].all.right.flows]' "$scratch/out")" = \
    '["protocol","capture","sample.pcap",0]' ]
verdict 'eval: what is learned from no other capture is nothing' $?
expect 'eval: how sure the headers tier is' 0 '' eval --truth "$truth" --root tests/data --format json \
    --tiers headers --model tests/data/models/small.model --unknown bittorrent
[ "$(jq -c '.tiers[0] | [.packets.median >= 1, .calibration.flows == .packets.steps[-1].decided,
    .held_out.by_p_value.auroc != null]' "$scratch/out")" = '[true,true,true]' ]
verdict 'eval: of every verdict, and of what is held out' $?
expect 'eval: plots nowhere' 1 "$scratch/none/plots: No such file" \
    eval --truth "$truth" --root tests/data --format svg --output-dir "$scratch/none/plots"

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
misuse 'which box' audit x
misuse 'which capture' audit models/boxes/neutral.yaml
misuse "'csv' is none of table, json, ndjson, markdown" audit x --format csv
misuse "'10.0.0.1/8' has bits set" audit x --subscribers 10.0.0.1/8
misuse "is not an address or prefix" audit x --subscribers 10.0.0.0/8,nowhere
misuse "--mask: 'port' is none of ports, sizes, timing, payload, order" audit x --box y --mask 'ports,port'
misuse "--mask: '' is none of" audit x --box y --mask 'ports,'
misuse "--mask: 'ports' a second time" audit x --box y --mask ports --mask 'sizes,ports'
misuse '--interval: an audit of captures' audit x --box y --interval 5
misuse '--workers: boxes see all traffic' audit x --box y --workers 2
misuse '--box: audits are tables or JSON' live --source af_packet:lo --box y --workers 2
misuse '--box: audits are tables or JSON' live --source af_packet:lo --box y --format csv
misuse 'what is true' eval
misuse 'what to do' model
misuse "'sow' is none of show" model sow
misuse '--json goes with show' model check --json x
misuse '--model: one of each kind' replay --model a --model b --model c x

misuse 'name two JSON files' audit diff a
misuse "'xml' is none of table, json" audit diff --format xml a b
misuse "unknown option '--truht'" eval --truht x
misuse '--truth needs a value' eval --truth
misuse "'sure' is none of high, medium, any" eval --truth x --min-confidence sure
misuse "'csv' is none of table, json, markdown, svg" eval --truth x --format csv
misuse "'name' is none of protocol, category, group" eval --truth x --by name
misuse 'say it with --output-dir' eval --truth x --format svg
misuse 'say it with --split-by' eval --truth x --only site
misuse 'say it with --split-by' eval --truth x --without site
misuse 'are for reports, not for eval' eval --truth x --workers 2
misuse 'are for reports, not for eval' eval --truth x --interval 5
misuse 'are for reports, not for eval' eval --truth x --min-endpoints 5
misuse '--scope: the truth names flows without it' eval --truth x --scope vlan
misuse "unexpected argument 'x'" protocols x
misuse "unknown option '--yaml'" protocols --yaml
misuse 'takes no arguments' version x

# Help and lists.
for command in replay audit eval model protocols version; do
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
