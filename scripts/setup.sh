#!/usr/bin/env bash
# Installs what is missing on a Debian or Ubuntu machine that has Rust. Does nothing where all is there.
#
#   scripts/setup.sh build     what `cargo build` needs: a compiler of C and C++, and OpenSSL's headers for the client of Kafka
#   scripts/setup.sh python    Python, to read wheels with
#   scripts/setup.sh lint      cargo-deny, cargo-machete, typos
#   scripts/setup.sh browser   Chromium and its driver, for the accessibility tests
#   scripts/setup.sh kafka     a Kafka broker for the tests of the log, in target/kafka: Java 17 and 43 MB of files
#   scripts/setup.sh clickhouse  ClickHouse's engine for the tests of counts, in target/clickhouse: a Python environment of 600 MB
set -euo pipefail
cd "$(dirname "$0")/.."

typos_version=1.52.0
chdb_version=4.4.0
chdb_core_version=26.9.0
lz4_version=4.4.5

fail() {
    echo "setup: $*" >&2
    exit 1
}

install_packages() {
    command -v apt-get >/dev/null || fail "cannot install $*: this is not Debian or Ubuntu; install them by hand and try again"
    local as_root=()
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null || fail "cannot install $*: run as root, or install sudo"
        as_root=(sudo)
    fi
    echo "setup: installing $*" >&2
    "${as_root[@]}" apt-get update -qq || fail "apt-get update failed: check the network, then try again"
    DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -y -qq --no-install-recommends "$@" >/dev/null ||
        fail "apt-get could not install $*"
}

setup_build() {
    command -v cargo >/dev/null || fail "cargo is not on the PATH: install Rust 1.91 or newer with rustup, then try again"
    command -v c++ >/dev/null && command -v make >/dev/null || install_packages build-essential
    echo '#include <openssl/ssl.h>' | cc -E - >/dev/null 2>&1 || install_packages libssl-dev
}

setup_python() {
    python3 -c 'import ensurepip' 2>/dev/null || install_packages python3 python3-venv
}

setup_lint() {
    for component in rustfmt clippy; do
        cargo "${component/rustfmt/fmt}" --version >/dev/null 2>&1 || rustup component add "$component"
    done
    for tool in cargo-machete cargo-deny; do
        command -v "$tool" >/dev/null || {
            echo "setup: installing $tool (some minutes)" >&2
            # They run for seconds and are built for minutes: unoptimised, the whole is sooner done.
            cargo install --locked --quiet --debug "$tool"
        }
    done
    if [ ! -x target/tools/bin/typos ]; then
        setup_python
        python3 -m venv target/tools
        target/tools/bin/pip install --quiet --disable-pip-version-check "typos==$typos_version"
    fi
}

setup_browser() {
    command -v chromium >/dev/null && command -v chromedriver >/dev/null || install_packages chromium chromium-driver
}

setup_kafka() {
    if [ -z "$(find target/kafka -name 'kafka_2.13-*.jar' 2>/dev/null)" ]; then
        command -v java >/dev/null || install_packages default-jre-headless
        command -v mvn >/dev/null || install_packages maven
        command -v openssl >/dev/null || install_packages openssl
        echo "setup: getting a Kafka broker" >&2
        mvn --batch-mode --quiet --file tests/kafka/pom.xml dependency:copy-dependencies \
            -DincludeScope=runtime "-DoutputDirectory=$PWD/target/kafka" ||
            fail "Maven could not get Kafka: check the network, then try again"
    fi
}

setup_clickhouse() {
    if ! target/clickhouse/bin/python -c 'import chdb, lz4.block' 2>/dev/null; then
        setup_python
        echo "setup: getting ClickHouse's engine" >&2
        python3 -m venv target/clickhouse
        # Without what else chdb asks for: that is for tables in Python, which nothing here uses.
        target/clickhouse/bin/pip install --quiet --disable-pip-version-check --no-deps \
            "chdb==$chdb_version" "chdb-core==$chdb_core_version" "lz4==$lz4_version" ||
            fail "pip could not get chdb: check the network, then try again"
    fi
}

for part in "$@"; do
    case "$part" in
    build | python | lint | browser | kafka | clickhouse) "setup_$part" ;;
    *) fail "unknown part '$part'" ;;
    esac
done
