#!/usr/bin/env bash
# A Kafka broker for tests: one node, on loopback, in a directory that is thrown away. It ends when its stdin is closed, so
# that it never outlives the test that started it, however that ends.
#
#   scripts/kafka-broker.sh DIR PORT CONTROLLER_PORT
set -euo pipefail
cd "$(dirname "$0")/.."

[ $# -eq 3 ] || {
    echo "usage: scripts/kafka-broker.sh DIR PORT CONTROLLER_PORT" >&2
    exit 2
}
dir=$1 port=$2 controller=$3
jars=target/kafka
[ -n "$(find "$jars" -name 'kafka_2.13-*.jar' 2>/dev/null)" ] || {
    echo "kafka-broker: there is no Kafka in $jars: run \`scripts/setup.sh kafka\`" >&2
    exit 1
}

cat >"$dir/server.properties" <<END
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:$controller
listeners=PLAINTEXT://127.0.0.1:$port,CONTROLLER://127.0.0.1:$controller
advertised.listeners=PLAINTEXT://127.0.0.1:$port
controller.listener.names=CONTROLLER
log.dirs=$dir/log
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
log.retention.check.interval.ms=1000
log.initial.task.delay.ms=1000
END
cat >"$dir/log4j2.properties" <<END
appender.console.type=Console
appender.console.name=console
appender.console.layout.type=PatternLayout
appender.console.layout.pattern=%d %p %m (%c)%n
rootLogger.level=warn
rootLogger.appenderRef.console.ref=console
END

java=(java -Xmx512m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 "-Dlog4j2.configurationFile=$dir/log4j2.properties" -cp "$jars/*")
if [ ! -d "$dir/log" ]; then
    "${java[@]}" kafka.tools.StorageTool format -t MkU3OEVBNTcwNTJENDM2Qg -c "$dir/server.properties"
fi
# What runs in the background would get an empty stdin; ours is kept for the watch below.
exec 3<&0
"${java[@]}" kafka.Kafka "$dir/server.properties" 3<&- &
broker=$!
trap 'kill -KILL "$broker" 2>/dev/null || true' EXIT
# Whichever comes first: nobody holds our stdin any more, or the broker has died.
cat <&3 >/dev/null &
wait -n || true
