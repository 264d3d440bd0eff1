//! The section `[dashboard.sign_in.openid]` of the configuration: where people have an account that they can sign in with.

use std::collections::BTreeMap;
use std::net::IpAddr;

use bus::secret::SecretRef;
use civic::Role;
use serde::Deserialize;
use url::{Host, Url};

/// A provider of OpenID Connect.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpenIdConfig {
    /// The provider, exactly as it writes its own name in its tokens.
    pub issuer: String,
    /// What the provider calls us.
    pub client_id: String,
    /// Where the secret is that we show to the provider; none for a client that has none.
    #[serde(default)]
    pub client_secret: Option<SecretRef>,
    /// Where people reach these pages. The provider sends them back to `/sign-in/elsewhere/return` there.
    pub our_address: Url,
    /// The words of the button.
    #[serde(default = "button")]
    pub button: String,
    /// The claim with the person's groups or roles at the provider.
    #[serde(default = "roles_claim")]
    pub roles_claim: String,
    /// What these are here. Who has none of them is a member of the public. Where nothing stands here, administrators give roles.
    #[serde(default)]
    pub roles: BTreeMap<String, Role>,
    /// Only people with a verified address at one of these may sign in; everybody where nothing stands here.
    #[serde(default)]
    pub email_domains: Vec<String>,
    /// Addresses inside the network that the provider may have.
    #[serde(default)]
    pub allow_addresses: Vec<IpAddr>,
}

fn button() -> String {
    "Sign in with your organisation’s account".to_owned()
}

fn roles_claim() -> String {
    "roles".to_owned()
}

impl OpenIdConfig {
    /// Checks what can be checked without asking the provider.
    ///
    /// # Errors
    /// The key that is wrong, and a sentence.
    pub fn check(&self) -> Result<(), (&'static str, String)> {
        let issuer = Url::parse(&self.issuer);
        if !issuer.is_ok_and(|url| is_safe(&url) && url.query().is_none() && url.fragment().is_none()) {
            return Err((
                "issuer",
                "`issuer` is the https address of the provider, as it stands in its tokens".to_owned(),
            ));
        }
        if !is_safe(&self.our_address) || self.our_address.path() != "/" {
            let say = "`our_address` is where people reach these pages: https://, and a name without a path";
            return Err(("our_address", say.to_owned()));
        }
        if self.client_id.trim().is_empty() || self.button.trim().is_empty() {
            return Err(("client_id", "`client_id` and `button` are never empty".to_owned()));
        }
        if let Some(domain) = self.email_domains.iter().find(|domain| domain.contains('@') || !domain.contains('.')) {
            let say =
                format!("`{domain}` in `email_domains` is no domain: write what stands behind the @, like nhs.net");
            return Err(("email_domains", say));
        }
        Ok(())
    }

    /// Where the provider sends people back to.
    pub fn return_address(&self) -> String {
        let mut address = self.our_address.clone();
        address.set_path("/sign-in/elsewhere/return");
        address.into()
    }

    /// The role of who has these groups or roles at the provider: the last one in the order of [`Role::ALL`], and the least for
    /// who has none that is known. `None` where administrators give roles.
    pub fn role<'a>(&self, groups: impl Iterator<Item = &'a str>) -> Option<Role> {
        if self.roles.is_empty() {
            return None;
        }
        Some(groups.filter_map(|group| self.roles.get(group).copied()).max().unwrap_or(Role::Public))
    }
}

/// Whether nobody on the way can read or change what goes to this address: it is encrypted, or it stays on this machine.
pub(super) fn is_safe(url: &Url) -> bool {
    let is_here = match url.host() {
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    };
    let is_plain = url.username().is_empty() && url.password().is_none();
    is_plain && (url.scheme() == "https" && url.has_host() || url.scheme() == "http" && is_here)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::openid::testing::config;

    #[test]
    fn who_has_no_group_that_is_known_has_no_role_of_staff() {
        let mut config = config("https://id.example");
        config.roles = [("a".to_owned(), Role::Analyst), ("o".to_owned(), Role::Organiser)].into();
        let role = |groups: &[&str]| config.role(groups.iter().copied());
        assert_eq!(role(&["a", "x"]), Some(Role::Analyst));
        assert_eq!(role(&["o", "a"]), Some(Role::Organiser));
        for unknown in [&[][..], &["x"], &["A"], &["a "], &["admin"]] {
            assert_eq!(role(unknown), Some(Role::Public), "{unknown:?}");
        }
        config.roles.clear();
        assert_eq!(config.role(["a"].into_iter()), None, "administrators give roles");
    }

    #[test]
    fn what_others_could_read_on_the_way_is_refused() {
        for safe in ["https://id.example/x", "http://127.0.0.1:8080/", "http://[::1]/", "http://localhost:8080/"] {
            assert!(is_safe(&safe.parse().unwrap()), "{safe}");
        }
        for unsafe_ in ["http://id.example/", "http://10.0.0.1/", "https://a:b@id.example/", "file:///etc/passwd"] {
            assert!(!is_safe(&unsafe_.parse().unwrap()), "{unsafe_}");
        }
        assert_eq!(config("https://id.example").check(), Ok(()));
        assert_eq!(config("http://id.example").check().unwrap_err().0, "issuer");
        let mut wrong = config("https://id.example");
        wrong.our_address = "https://discovery.example/behind/".parse().unwrap();
        assert_eq!(wrong.check().unwrap_err().0, "our_address");
        wrong = OpenIdConfig { email_domains: vec!["@nhs.net".to_owned()], ..config("https://id.example") };
        assert_eq!(wrong.check().unwrap_err().0, "email_domains");
    }
}
