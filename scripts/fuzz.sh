#!/usr/bin/env bash
# Fuzzes every target of fuzz/ from our seeds, one after another, for FUZZ_SECONDS each. Stops at the first finding, which
# then lies in fuzz/artifacts.
set -euo pipefail
cd "$(dirname "$0")/.."

seconds="${FUZZ_SECONDS:-60}"
cargo fuzz --version >/dev/null 2>&1 || {
    echo "fuzz: cargo-fuzz is missing: cargo install cargo-fuzz --locked" >&2
    exit 1
}
# What was freed is held back to find its use; not so much of it that it counts as memory that a reader needs.
export ASAN_OPTIONS="quarantine_size_mb=32:${ASAN_OPTIONS:-}"
for target in fuzz/fuzz_targets/*.rs; do
    name="$(basename "$target" .rs)"
    mkdir -p "fuzz/corpus/$name"
    echo "fuzz: $name, $seconds seconds" >&2
    cargo +nightly fuzz run "$name" "fuzz/corpus/$name" "fuzz/seeds/$name" -- \
        -max_total_time="$seconds" -timeout=5 -rss_limit_mb=256 -print_final_stats=1
done
