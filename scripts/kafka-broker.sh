#!/usr/bin/env bash
# A Kafka broker for tests: one node, on loopback, in a directory that is thrown away. It ends when its stdin is closed, so
# that it never outlives the test that started it, however that ends.
#
#   scripts/kafka-broker.sh DIR PORT CONTROLLER_PORT [SECURED_PORT]
#
# With SECURED_PORT it also answers there, encrypted and to the user `discovery` only, whose password is `trial-secret`: by
# SCRAM-SHA-512 or PLAIN. Its authority is DIR/ca.pem.
set -euo pipefail
cd "$(dirname "$0")/.."

[ $# -eq 3 ] || [ $# -eq 4 ] || {
    echo "usage: scripts/kafka-broker.sh DIR PORT CONTROLLER_PORT [SECURED_PORT]" >&2
    exit 2
}
dir=$1 port=$2 controller=$3 secured=${4:-}
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
if [ -n "$secured" ]; then
    if [ ! -f "$dir/broker.pem" ]; then
        (
            cd "$dir"
            openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=trial-authority -keyout ca.key -out ca.pem
            openssl req -newkey rsa:2048 -nodes -subj /CN=127.0.0.1 -keyout broker.key -out broker.csr
            openssl x509 -req -in broker.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -out broker.crt \
                -extfile <(echo "subjectAltName=IP:127.0.0.1")
            cat broker.key broker.crt >broker.pem
        ) 2>/dev/null
    fi
    login=org.apache.kafka.common.security
    cat >>"$dir/server.properties" <<END
listeners=PLAINTEXT://127.0.0.1:$port,SASL_SSL://127.0.0.1:$secured,CONTROLLER://127.0.0.1:$controller
advertised.listeners=PLAINTEXT://127.0.0.1:$port,SASL_SSL://127.0.0.1:$secured
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,SASL_SSL:SASL_SSL,CONTROLLER:PLAINTEXT
inter.broker.listener.name=PLAINTEXT
sasl.enabled.mechanisms=SCRAM-SHA-512,PLAIN
listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config=$login.scram.ScramLoginModule required;
listener.name.sasl_ssl.plain.sasl.jaas.config=$login.plain.PlainLoginModule required user_discovery="trial-secret";
ssl.keystore.type=PEM
ssl.keystore.location=$dir/broker.pem
END
fi
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
    scram=()
    [ -z "$secured" ] || scram=(--add-scram 'SCRAM-SHA-512=[name=discovery,password=trial-secret]')
    "${java[@]}" kafka.tools.StorageTool format -t MkU3OEVBNTcwNTJENDM2Qg -c "$dir/server.properties" "${scram[@]}"
fi
# What runs in the background would get an empty stdin; ours is kept for the watch below.
exec 3<&0
"${java[@]}" kafka.Kafka "$dir/server.properties" 3<&- &
broker=$!
trap 'kill -KILL "$broker" 2>/dev/null || true' EXIT
# Whichever comes first: nobody holds our stdin any more, or the broker has died.
cat <&3 >/dev/null &
wait -n || true
