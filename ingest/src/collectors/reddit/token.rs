//! The access token: got with the client's id and secret, kept until it expires.

use std::time::Duration;

use jiff::Timestamp;
use url::Url;

use super::config::Client;
use super::wire;
use crate::collector::CollectError;
use crate::collectors::Context;
use crate::fetch::{Authorization, Request};
use bus::secret::Secret;

/// A token is renewed so long before it expires.
const MARGIN: Duration = Duration::from_mins(2);

/// The token of one client. It lives in memory only.
pub(super) struct Token {
    client: Client,
    url: Url,
    context: Context,
    current: Option<(Secret, Timestamp)>,
}

impl Token {
    pub(super) fn new(client: Client, www: &Url, context: Context) -> Self {
        let url = www.join("api/v1/access_token").expect("a constant that is a path");
        Self { client, url, context, current: None }
    }

    /// Our authority, with a token that is good for a while.
    pub(super) async fn current(&mut self) -> Result<Authorization, CollectError> {
        let now = self.context.clock.now();
        if let Some((token, _)) = self.current.as_ref().filter(|(_, until)| now < *until) {
            return Ok(Authorization::Bearer(token.clone()));
        }
        let password = self.context.secret(&self.client.secret).await?;
        let authorization = Authorization::Basic { user: self.client.id.clone(), password };
        let request = Request::post_form(self.url.clone(), "application/json", &[("grant_type", "client_credentials")])
            .authorization(authorization);
        let token: wire::Token = self.context.answer(&request).await?.json()?;
        let lasts = Duration::from_secs(token.expires_in).saturating_sub(MARGIN).min(Duration::from_hours(24));
        let token = Secret::new(token.access_token);
        self.current = now.checked_add(lasts).ok().map(|until| (token.clone(), until));
        Ok(Authorization::Bearer(token))
    }

    /// Forgets the token, which was refused.
    pub(super) fn discard(&mut self) {
        self.current = None;
    }
}
