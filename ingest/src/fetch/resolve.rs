//! Names to addresses, keeping only those that may be dialled.

use std::io;
use std::net::{IpAddr, SocketAddr};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::address::is_global;
use super::error::ResolveError;

/// Asks at every new connection and drops what is not global, so that no answer, first or later, can lead inside (DNS
/// rebinding, mixed answers).
#[derive(Clone)]
pub(crate) struct GlobalOnly {
    lookup: Lookup,
    is_global: fn(IpAddr) -> bool,
}

/// Who is asked.
#[derive(Clone)]
enum Lookup {
    System,
    #[cfg(test)]
    Scripted(std::sync::Arc<Script>),
}

#[cfg(test)]
type Script = dyn Fn(&str) -> Vec<IpAddr> + Send + Sync;

impl GlobalOnly {
    /// Asks the system's resolver.
    pub(crate) fn system() -> Self {
        Self { lookup: Lookup::System, is_global }
    }

    /// Asks `answer`, and takes for global what `is_global` says: a test has no other addresses than those of its own
    /// machine.
    #[cfg(test)]
    pub(crate) fn scripted(
        answer: impl Fn(&str) -> Vec<IpAddr> + Send + Sync + 'static,
        is_global: fn(IpAddr) -> bool,
    ) -> Self {
        Self { lookup: Lookup::Scripted(std::sync::Arc::new(answer)), is_global }
    }
}

impl Lookup {
    async fn addresses(&self, host: &str) -> io::Result<Vec<SocketAddr>> {
        match self {
            Self::System => Ok(tokio::net::lookup_host((host, 0)).await?.collect()),
            #[cfg(test)]
            Self::Scripted(answer) => Ok(answer(host).into_iter().map(|ip| SocketAddr::new(ip, 0)).collect()),
        }
    }
}

impl Resolve for GlobalOnly {
    fn resolve(&self, name: Name) -> Resolving {
        let resolver = self.clone();
        Box::pin(async move {
            let host = name.as_str().to_owned();
            let found = resolver.lookup.addresses(&host).await.map_err(|_| ResolveError::NotFound(host.clone()))?;
            let addresses: Addrs = Box::new(keep_global(&host, found, resolver.is_global)?.into_iter());
            Ok(addresses)
        })
    }
}

/// The global addresses among `found`.
fn keep_global(
    host: &str,
    mut found: Vec<SocketAddr>,
    is_global: fn(IpAddr) -> bool,
) -> Result<Vec<SocketAddr>, ResolveError> {
    if found.is_empty() {
        return Err(ResolveError::NotFound(host.to_owned()));
    }
    found.retain(|address| is_global(address.ip()));
    if found.is_empty() { Err(ResolveError::NotGlobal(host.to_owned())) } else { Ok(found) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(list: &[&str]) -> Vec<SocketAddr> {
        list.iter().map(|text| SocketAddr::new(text.parse().unwrap(), 0)).collect()
    }

    #[test]
    fn of_a_mixed_answer_only_the_global_addresses_are_kept() {
        let kept = keep_global("mixed.example", addresses(&["127.0.0.1", "8.8.8.8", "::1"]), is_global).unwrap();
        assert_eq!(kept, addresses(&["8.8.8.8"]));
    }

    #[test]
    fn a_name_that_leads_only_inside_is_refused_and_one_that_leads_nowhere_not_found() {
        let inside = keep_global("inside.example", addresses(&["10.0.0.1", "fd00::1"]), is_global).unwrap_err();
        assert!(inside.to_string().contains("inside.example leads to an address inside"), "{inside}");
        let nowhere = keep_global("nowhere.example", Vec::new(), is_global).unwrap_err();
        assert!(nowhere.to_string().contains("could not be found"), "{nowhere}");
    }
}
