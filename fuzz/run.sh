#!/bin/sh
# Fuzzes the pipeline on stable Rust: fuzz/run.sh [SECONDS] [libFuzzer options]
# Another target: FUZZ_TARGET=damaged fuzz/run.sh 3600; the names are those in Cargo.toml
#
# The coverage flags are those that cargo-fuzz would set; sanitizers would need nightly, and have
# little to find without unsafe code. Inputs that fail are kept in fuzz/artifacts/.
set -eu
cd "$(dirname "$0")"
seconds=${1:-30}
target=${FUZZ_TARGET:-pipeline}
[ $# -gt 0 ] && shift

RUSTFLAGS="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
-Clink-dead-code --cfg fuzzing" \
    cargo build --locked --release --target x86_64-unknown-linux-gnu --bin "$target"

mkdir -p "corpus/$target" "seeds/$target" artifacts
# Small captures teach the fuzzer most.
find ../testdata -name '*.pcap*' -size -40k -exec cp {} "seeds/$target/" \;

exec "target/x86_64-unknown-linux-gnu/release/$target" "corpus/$target" "seeds/$target" \
    -max_total_time="$seconds" -max_len=65536 -timeout=10 -rss_limit_mb=1024 \
    -artifact_prefix=artifacts/ -print_final_stats=1 "$@"
