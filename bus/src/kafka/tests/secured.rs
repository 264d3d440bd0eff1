//! A real broker that wants to know who we are, over an encrypted connection.

use std::path::PathBuf;

use crate::conformance::broker::Broker;
use crate::conformance::{keyed, read, reader, soon, sorted_texts};
use crate::embedded::BusConfig;
use crate::kafka::{KafkaBus, KafkaConfig, SaslConfig, SaslMechanism, TlsConfig};
use crate::log::{Bus, BusTopic};

/// How a client shows itself.
struct Client<'a> {
    mechanism: SaslMechanism,
    password: &'a str,
    authority: Option<PathBuf>,
}

impl Client<'_> {
    async fn open(&self, broker: &Broker, dir: &std::path::Path) -> Result<KafkaBus, String> {
        let file = dir.join("password");
        std::fs::write(&file, self.password).unwrap();
        let mut config = KafkaConfig::at([broker.secured_address()]);
        config.replication = 1.try_into().unwrap();
        config.tls = Some(TlsConfig { ca_file: self.authority.clone(), ..TlsConfig::default() });
        let password = crate::config_file::parse(std::path::Path::new("x.toml"), &format!("file = {file:?}")).unwrap();
        config.sasl = Some(SaslConfig { mechanism: self.mechanism, user: "discovery".to_owned(), password });
        KafkaBus::open(&config, &BusConfig::default()).await.map_err(|error| error.to_string())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_is_secured_takes_records_from_whom_it_knows_and_others_are_told_why_not() {
    let (broker, dir) = (Broker::start_secured(), tempfile::tempdir().unwrap());
    // Its certificate is made before it listens: whoever reaches it in the clear finds the authority there.
    let mut plain = KafkaConfig::at([broker.address()]);
    plain.replication = 1.try_into().unwrap();
    drop(KafkaBus::open(&plain, &BusConfig::default()).await.unwrap());
    let authority = Some(broker.authority());

    for (number, mechanism) in [SaslMechanism::ScramSha512, SaslMechanism::Plain].into_iter().enumerate() {
        let known = Client { mechanism, password: "trial-secret", authority: authority.clone() };
        let bus = known.open(&broker, dir.path()).await.unwrap();
        let key = u64::try_from(number).unwrap();
        soon(bus.append(BusTopic::Posts, vec![keyed(key, number.to_string())])).await.unwrap();
        if number == 1 {
            let mut reader = reader(&bus).await;
            assert_eq!(sorted_texts(&read(&mut *reader, 2).await), ["0", "1"]);
        }
    }

    let mechanism = SaslMechanism::ScramSha512;
    let stranger = Client { mechanism, password: "guessed", authority };
    let error = stranger.open(&broker, dir.path()).await.err().unwrap();
    assert!(error.contains("sasl of bus.kafka") && error.to_lowercase().contains("authentication"), "{error}");
    assert!(!error.contains("guessed"), "{error}");
    let trusting_nobody = Client { mechanism, password: "trial-secret", authority: None };
    let error = trusting_nobody.open(&broker, dir.path()).await.err().unwrap();
    assert!(error.contains("tls") && error.to_lowercase().contains("certificate"), "{error}");
}
