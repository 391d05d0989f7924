#!/usr/bin/env bash
# Wall time, CPU time and peak memory of smtp-decrypt beside tshark and ssldump, on one capture, in
# one run, interleaved. Prints medians, and ratios to smtp-decrypt with text output.
#
#     benches/side-by-side.sh [SESSIONS] [RUNS]          (default: 1000 sessions, 5 runs)
#
# Needs python3 and GNU time; tshark and ssldump are left out if they are not installed
# (apt-get install time tshark ssldump). The capture is made by benches/replicate.py: see there for
# what it is not.
set -euo pipefail
cd "$(dirname "$0")/.."

sessions=${1:-1000} runs=${2:-5}
work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT
target=${CARGO_TARGET_DIR:-target}
key=$PWD/testdata/pki/server.key
capture=$work/sessions.pcap

cargo build --release --locked --quiet
python3 benches/replicate.py testdata/tls12_aes128_sha.pcap "$capture" "$sessions"
printf '127.0.0.1,587,smtp,%s\n' "$key" > "$work/keys.list"

declare -A command=(
    [smtp-decrypt/text]="$target/release/smtp-decrypt --keys $work/keys.list $capture"
    [smtp-decrypt/json]="$target/release/smtp-decrypt --keys $work/keys.list --format json $capture"
    [tshark]="tshark -n -r $capture -o uat:rsa_keys:\"$key\",\"\" -Y smtp"
    [ssldump]="ssldump -n -d -k $key -r $capture"
)
tools=(smtp-decrypt/text smtp-decrypt/json)
for tool in tshark ssldump; do
    if command -v "$tool" > /dev/null; then tools+=("$tool"); else echo "no $tool here: left out"; fi
done

for run in $(seq 0 "$runs"); do
    for tool in "${tools[@]}"; do
        # GNU time writes elapsed, user, system (s) and peak resident memory (KiB).
        # shellcheck disable=SC2086
        /usr/bin/time -f '%e %U %S %M' -o "$work/time" ${command[$tool]} \
            > "$work/out" 2> "$work/err" < /dev/null || { cat "$work/err" >&2; exit 1; }
        # Run 0 warms the caches; it also shows that the mails were really decrypted.
        if [ "$run" = 0 ]; then
            mails=$(grep -acE 'MAIL FROM:<' "$work/out" || true)
            echo "$tool $mails $(stat -c %s "$work/out")" >> "$work/outputs"
        else
            echo "$tool $(tail -1 "$work/time")" >> "$work/times"
        fi
    done
done

echo "$sessions sessions, $(stat -c %s "$capture") bytes, $(nproc) cores, $runs runs, medians"
echo "load while measuring: $(cut -d' ' -f1-3 /proc/loadavg)"
python3 - "$work/times" "$work/outputs" <<'PY'
import statistics, sys
times, outputs = {}, {}
for line in open(sys.argv[1]):
    tool, wall, user, system, peak = line.split()
    times.setdefault(tool, []).append((float(wall), float(user) + float(system), int(peak) / 1024))
for line in open(sys.argv[2]):
    tool, mails, size = line.split()
    outputs[tool] = int(mails), int(size)
medians = {tool: [statistics.median(column) for column in zip(*rows)] for tool, rows in times.items()}
base = medians["smtp-decrypt/text"]
print(f"\n| {'command':18} | wall s | ratio | CPU s | ratio | peak MiB | ratio | lines with MAIL | output bytes |")
print("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
for tool, row in medians.items():
    cells = " | ".join(f"{value:.2f} | {value / max(base[i], 0.01):.2f}" for i, value in enumerate(row))
    print(f"| {tool:18} | {cells} | {outputs[tool][0]} | {outputs[tool][1]} |")
PY
