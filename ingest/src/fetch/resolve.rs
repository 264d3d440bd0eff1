//! Names to addresses, keeping only those that may be dialled.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::address::is_global;
use super::error::ResolveError;

/// Asks at every new connection and drops what is not global, so that no answer, first or later, can lead inside (DNS
/// rebinding, mixed answers).
#[derive(Clone)]
pub(crate) struct GlobalOnly {
    lookup: Lookup,
    is_global: fn(IpAddr) -> bool,
    /// Addresses inside our network that names may lead to all the same.
    inside: Arc<[IpAddr]>,
}

/// Who is asked.
#[derive(Clone)]
enum Lookup {
    System,
    #[cfg(test)]
    Scripted(Arc<Script>),
}

#[cfg(test)]
type Script = dyn Fn(&str) -> Vec<IpAddr> + Send + Sync;

impl GlobalOnly {
    /// Asks the system's resolver.
    pub(crate) fn system() -> Self {
        Self { lookup: Lookup::System, is_global, inside: Arc::default() }
    }

    /// The same, but for names of a trusted party that lead to these addresses.
    pub(super) fn trusting(self, inside: &[IpAddr]) -> Self {
        Self { inside: inside.into(), ..self }
    }

    /// Asks `answer`, and takes for global what `is_global` says: a test has no other addresses than those of its own
    /// machine.
    #[cfg(test)]
    pub(crate) fn scripted(
        answer: impl Fn(&str) -> Vec<IpAddr> + Send + Sync + 'static,
        is_global: fn(IpAddr) -> bool,
    ) -> Self {
        Self { lookup: Lookup::Scripted(Arc::new(answer)), is_global, inside: Arc::default() }
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
            let addresses: Addrs = Box::new(
                keep(&host, found, |ip| (resolver.is_global)(ip) || resolver.inside.contains(&ip))?.into_iter(),
            );
            Ok(addresses)
        })
    }
}

/// The addresses among `found` that may be dialled.
fn keep(
    host: &str,
    mut found: Vec<SocketAddr>,
    may_be_dialled: impl Fn(IpAddr) -> bool,
) -> Result<Vec<SocketAddr>, ResolveError> {
    if found.is_empty() {
        return Err(ResolveError::NotFound(host.to_owned()));
    }
    found.retain(|address| may_be_dialled(address.ip()));
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
        let kept = keep("mixed.example", addresses(&["127.0.0.1", "8.8.8.8", "::1"]), is_global).unwrap();
        assert_eq!(kept, addresses(&["8.8.8.8"]));
    }

    #[test]
    fn a_name_that_leads_only_inside_is_refused_and_one_that_leads_nowhere_not_found() {
        let inside = keep("inside.example", addresses(&["10.0.0.1", "fd00::1"]), is_global).unwrap_err();
        assert!(inside.to_string().contains("inside.example leads to an address inside"), "{inside}");
        let nowhere = keep("nowhere.example", Vec::new(), is_global).unwrap_err();
        assert!(nowhere.to_string().contains("could not be found"), "{nowhere}");
    }
}
