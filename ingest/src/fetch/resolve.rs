//! Names to addresses, keeping only those that may be dialled.

use std::net::SocketAddr;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::address::is_global;
use super::error::ResolveError;

/// Asks the system's resolver at every new connection and drops what is not global, so that no answer, first or later,
/// can lead inside (DNS rebinding, mixed answers).
#[derive(Debug)]
pub(super) struct GlobalOnly;

impl Resolve for GlobalOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let host = name.as_str().to_owned();
            let found = tokio::net::lookup_host((host.as_str(), 0))
                .await
                .map_err(|_| ResolveError::NotFound(host.clone()))?
                .collect();
            let addresses: Addrs = Box::new(keep_global(&host, found)?.into_iter());
            Ok(addresses)
        })
    }
}

/// The global addresses among `found`.
fn keep_global(host: &str, mut found: Vec<SocketAddr>) -> Result<Vec<SocketAddr>, ResolveError> {
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
        let kept = keep_global("mixed.example", addresses(&["127.0.0.1", "8.8.8.8", "::1"])).unwrap();
        assert_eq!(kept, addresses(&["8.8.8.8"]));
    }

    #[test]
    fn a_name_that_leads_only_inside_is_refused_and_one_that_leads_nowhere_not_found() {
        let inside = keep_global("inside.example", addresses(&["10.0.0.1", "fd00::1"])).unwrap_err();
        assert!(inside.to_string().contains("inside.example leads to an address inside"), "{inside}");
        let nowhere = keep_global("nowhere.example", Vec::new()).unwrap_err();
        assert!(nowhere.to_string().contains("could not be found"), "{nowhere}");
    }
}
