//! The door to the provider that people sign in with, over a fetch gateway of its own: sources cannot reach the addresses inside the
//! network that the provider may have.

use std::sync::Arc;

use anyhow::{Context as _, Result, anyhow};
use async_trait::async_trait;
use bus::secret::{Secret, SecretRef};
use dashboard::{OpenIdConfig, Outward, ShowSecret};
use ingest::FetchConfig;
use ingest::fetch::{Authorization, Gateway, Request};
use url::{Url, form_urlencoded};

/// The content types that are asked for.
const ACCEPT: &str = "application/json";

/// Statuses that say no, and why in the body.
const SAYS_NO: &[u16] = &[400, 401];

/// Opens the door.
///
/// # Errors
/// When the secret cannot be read, or no HTTP client can be made.
pub fn open(config: &OpenIdConfig, fetch: &FetchConfig) -> Result<Arc<dyn Outward>> {
    let door = Door {
        gateway: Gateway::to_trusted(fetch, &config.allow_addresses)?,
        client_id: config.client_id.clone(),
        secret: config.client_secret.clone(),
    };
    door.secret().map_err(|reason| anyhow!(reason)).context("`client_secret` in [dashboard.sign_in.openid]")?;
    Ok(Arc::new(door))
}

struct Door {
    gateway: Gateway,
    client_id: String,
    secret: Option<SecretRef>,
}

impl Door {
    /// The secret as it is now, so that one that was renewed in its file is used without a restart.
    fn secret(&self) -> Result<Option<Secret>, String> {
        self.secret.as_ref().map(SecretRef::read).transpose()
    }

    async fn ask(&self, request: &Request) -> Result<(u16, Vec<u8>), String> {
        let fetched = self.gateway.get(request).await.and_then(ingest::fetch::Fetched::answer);
        let answer = fetched.map_err(|error| error.to_string())?;
        // A redirect to another place, or to one in the clear, could make anybody the provider.
        if answer.url.origin() != request.url.origin() {
            return Err(format!("{} sends us elsewhere: correct `issuer`", request.url));
        }
        Ok((answer.status, answer.body))
    }
}

#[async_trait]
impl Outward for Door {
    async fn get(&self, url: &Url) -> Result<Vec<u8>, String> {
        Ok(self.ask(&Request::get(url.clone(), ACCEPT)).await?.1)
    }

    async fn send(&self, url: &Url, fields: &[(&str, &str)], show: ShowSecret) -> Result<(u16, Vec<u8>), String> {
        let secret = self.secret()?;
        let in_form = secret.as_ref().filter(|_| show == ShowSecret::InForm);
        let more = in_form.map(|secret| ("client_secret", secret.expose()));
        let fields: Vec<(&str, &str)> = fields.iter().copied().chain(more).collect();
        let mut request = Request::post_form(url.clone(), ACCEPT, &fields).passing(SAYS_NO);
        if let Some(secret) = secret.as_ref().filter(|_| show == ShowSecret::InHeader) {
            // RFC 6749, 2.3.1: both are encoded as in a form first.
            let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
            let password = Secret::new(encoded(secret.expose()));
            request = request.authorization(Authorization::Basic { user: encoded(&self.client_id), password });
        }
        self.ask(&request).await
    }
}
