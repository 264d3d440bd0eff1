//! E-mail over SMTP.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use ingest::SecretRef;
use lettre::message::Mailbox;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Tokio1Executor};
use serde::Deserialize;

use super::message::Message;

/// A server that does not answer is given up after so long.
const TIMEOUT: Duration = Duration::from_secs(30);

/// How e-mail is sent: `[alerts.mail]` in `config/discovery.toml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MailConfig {
    /// The server that takes mail from us.
    pub server: String,
    /// Its port; 587 with STARTTLS, 465 with TLS from the start, 25 without.
    pub port: Option<u16>,
    /// How the connection is kept private.
    #[serde(default)]
    pub security: Security,
    /// Whom it is from: "Discovery <discovery@example.nhs.uk>".
    pub from: String,
    /// Who we are, where the server asks.
    #[serde(default)]
    pub user: Option<String>,
    /// Our password there.
    #[serde(default)]
    pub password: Option<SecretRef>,
}

/// How the connection to the server is kept private.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Security {
    /// TLS after a greeting in the clear; without it nothing is sent.
    #[default]
    StartTls,
    /// TLS from the start.
    Tls,
    /// Not at all: for a server on this machine.
    None,
}

impl MailConfig {
    /// Checks what can be checked without the server.
    pub(super) fn check(&self) -> Result<()> {
        mailbox(&self.from).context("`from` in [alerts.mail]")?;
        ensure!(
            self.user.is_some() == self.password.is_some(),
            "[alerts.mail] needs both `user` and `password`, or neither"
        );
        ensure!(
            self.security != Security::None || self.password.is_none(),
            "[alerts.mail] would send a password in the clear: set `security` to \"starttls\" or \"tls\""
        );
        Ok(())
    }

    /// Sends `message` to `to`.
    pub(super) async fn send(&self, to: &[String], message: &Message) -> Result<(), String> {
        let mut letter = lettre::Message::builder()
            .from(mailbox(&self.from).map_err(|error| format!("{error:#}"))?)
            .subject(&message.subject)
            // Who is away answers by machine; this tells their machines not to.
            .header(AutoSubmitted);
        for address in to {
            letter = letter.to(mailbox(address).map_err(|error| format!("{error:#}"))?);
        }
        let letter = letter.body(message.text.clone()).map_err(|error| error.to_string())?;
        let transport = self.transport().await?;
        transport.send(letter).await.map(|_| ()).map_err(|error| format!("{} did not take it: {error}", self.server))
    }

    async fn transport(&self) -> Result<AsyncSmtpTransport<Tokio1Executor>, String> {
        let tls = || TlsParameters::new(self.server.clone()).map_err(|error| error.to_string());
        let (tls, port) = match self.security {
            Security::StartTls => (Tls::Required(tls()?), 587),
            Security::Tls => (Tls::Wrapper(tls()?), 465),
            Security::None => (Tls::None, 25),
        };
        let builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&self.server)
            .port(self.port.unwrap_or(port))
            .tls(tls)
            .timeout(Some(TIMEOUT));
        let (Some(user), Some(password)) = (self.user.clone(), self.password.clone()) else {
            return Ok(builder.build());
        };
        let read = tokio::task::spawn_blocking(move || password.read()).await.map_err(|failed| failed.to_string())?;
        Ok(builder.credentials(Credentials::new(user, read?.expose().to_owned())).build())
    }
}

/// An address with or without a name.
pub(super) fn mailbox(text: &str) -> Result<Mailbox> {
    text.parse().with_context(|| format!("\"{text}\" is not an e-mail address"))
}

/// `Auto-Submitted: auto-generated` (RFC 3834).
#[derive(Clone)]
struct AutoSubmitted;

impl lettre::message::header::Header for AutoSubmitted {
    fn name() -> lettre::message::header::HeaderName {
        lettre::message::header::HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> lettre::message::header::HeaderValue {
        lettre::message::header::HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}
