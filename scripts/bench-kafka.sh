#!/usr/bin/env bash
# Measures the pipeline over Kafka and into ClickHouse, beside the embedded one: on a broker and an engine of its own, on this
# machine, which are thrown away. Needs a release build, and what `scripts/setup.sh kafka clickhouse` installs.
#
#   scripts/bench-kafka.sh [--posts 100000] [--json]     what follows goes to `discovery bench pipeline`
set -euo pipefail
cd "$(dirname "$0")/.."

[ -x target/release/discovery ] || {
    echo "bench-kafka: there is no release build: run \`cargo build --release\`" >&2
    exit 1
}
work=$(mktemp -d)
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
port=$(free_port)

# Both end with their stdin, which this shell holds open.
mkfifo "$work/hold"
mkdir "$work/broker" "$work/config"
scripts/kafka-broker.sh "$work/broker" "$port" "$(free_port)" <"$work/hold" &
target/clickhouse/bin/python scripts/clickhouse-front.py <"$work/hold" >"$work/front" &
exec 3>"$work/hold"
trap 'exec 3>&-; wait; rm -rf "$work"' EXIT
until [ -s "$work/front" ]; do sleep 0.2; done

ln -s "$PWD"/config/* "$work/config/"
rm "$work/config/discovery.toml"
cat config/discovery.toml - >"$work/config/discovery.toml" <<END

[bus.kafka]
brokers = ["127.0.0.1:$port"]
replication = 1
[analytics.clickhouse]
url = "http://127.0.0.1:$(cat "$work/front")"
END
target/release/discovery bench pipeline --config-dir "$work/config" --bus kafka --analytics clickhouse "$@"
