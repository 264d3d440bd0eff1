//! Where the dashboard listens and whom it serves.

use std::net::{Ipv4Addr, SocketAddr};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::limits::LimitsConfig;
use crate::openid::OpenIdConfig;

/// The section `[dashboard]` of the configuration.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DashboardConfig {
    /// Where the pages and the JSON API are served.
    pub listen: SocketAddr,
    /// Where `/healthz`, `/readyz` and `/metrics` are served; keep it inside the network.
    pub admin_listen: SocketAddr,
    /// How somebody who is not signed in is treated.
    pub audience: Audience,
    /// Who can get an account, and how.
    pub sign_in: SignInConfig,
    /// How much one address and one account may do.
    pub limits: LimitsConfig,
}

/// The section `[dashboard.sign_in]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SignInConfig {
    /// Whether members of the public can make an account themselves.
    pub registration: bool,
    /// Whether staff needs a code from an app beside the password. Without it a stolen password is enough.
    pub staff_needs_code: bool,
    /// Where people have an account that they can sign in with; the code from an app is then asked for there.
    pub openid: Option<OpenIdConfig>,
}

impl Default for SignInConfig {
    fn default() -> Self {
        Self { registration: false, staff_needs_code: true, openid: None }
    }
}

impl Default for DashboardConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)),
            admin_listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 9090)),
            audience: Audience::Staff,
            sign_in: SignInConfig::default(),
            limits: LimitsConfig::default(),
        }
    }
}

impl DashboardConfig {
    /// Checks that nobody but staff can see what only staff may see.
    ///
    /// # Errors
    /// [`AudienceError`] when the pages for staff would be reachable from another machine.
    pub fn check(&self) -> Result<(), AudienceError> {
        check_audience(self.listen, self.audience)
    }
}

/// Who reads the pages without signing in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Audience {
    /// The team: verbatim posts, exact counts, issues that are held.
    #[default]
    Staff,
    /// Everyone: no verbatim posts, no counts under 10, no held issues.
    Public,
}

/// The pages for staff would be served to everyone.
#[derive(Debug, Error, PartialEq, Eq)]
#[error(
    "with `audience = \"staff\"` posts are shown word for word without signing in, so that is for this machine only, \
     but `listen` is {listen}: set `listen = \"127.0.0.1:{}\"`, or `audience = \"public\"`, which lets staff sign in",
    listen.port()
)]
pub struct AudienceError {
    /// The address that is too open.
    pub listen: SocketAddr,
}

/// Checks that an audience may be served on an address: without signing in, staff's pages on loopback only.
///
/// # Errors
/// [`AudienceError`].
pub fn check_audience(listen: SocketAddr, audience: Audience) -> Result<(), AudienceError> {
    match audience {
        Audience::Staff if !listen.ip().to_canonical().is_loopback() => Err(AudienceError { listen }),
        Audience::Staff | Audience::Public => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn staff_pages_stay_on_this_machine() {
        for open in ["0.0.0.0:8080", "[::]:8080", "192.0.2.1:8080", "[::ffff:192.0.2.1]:80"] {
            assert!(check_audience(open.parse().unwrap(), Audience::Staff).is_err(), "{open}");
            assert_eq!(check_audience(open.parse().unwrap(), Audience::Public), Ok(()));
        }
        for closed in ["127.0.0.1:8080", "127.8.8.8:1", "[::1]:8080", "[::ffff:127.0.0.1]:8080"] {
            assert_eq!(check_audience(closed.parse().unwrap(), Audience::Staff), Ok(()), "{closed}");
        }
    }

    #[test]
    fn the_error_says_what_to_write_instead() {
        let error = check_audience("0.0.0.0:8080".parse().unwrap(), Audience::Staff).unwrap_err().to_string();
        assert!(error.contains("`listen = \"127.0.0.1:8080\"`"), "{error}");
    }
}
